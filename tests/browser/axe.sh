#!/usr/bin/env bash
# Fetches axe-core, which the browser tests run on each page, and prints where it lies. Needs npm.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=4.14.1
sum=29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c
folder="${CARGO_TARGET_DIR:-$PWD/target}/axe-core-$version"
if ! echo "$sum  $folder/axe.min.js" | sha256sum --check --status 2>/dev/null; then
  mkdir -p "$folder"
  (cd "$folder" && npm pack --silent "axe-core@$version" >/dev/null)
  tar -xzf "$folder/axe-core-$version.tgz" -C "$folder" --strip-components=1 package/axe.min.js
  echo "$sum  $folder/axe.min.js" | sha256sum --check --status
fi
echo "$folder/axe.min.js"
