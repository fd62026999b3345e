# Names the Debian packages among these that are missing; ends the script with 2 if there are some.
needs() {
  local package missing=()
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
      missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    echo "these packages are missing: ${missing[*]}" >&2
    exit 2
  fi
}
