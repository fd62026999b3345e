#!/usr/bin/env bash
# What a rating costs the card, and what an idle kiosk does: bytes and flushes at the device, on ext4
# on a loop device, and how often the program wakes up.
#
# As root: benches/card.sh target/release [RATINGS [IDLE_SECONDS]]
# The kernel counts for itself in /sys/block/loopN/stat: sectors written (7th) and flushes (16th).
# First presses follow on each other without a hub; then they come one by one, each with a delivery
# and a receipt of its own, which is the most that a hub can make them cost.
set -euo pipefail
programs=$(realpath "$1"); ratings=${2:-2000}; idle=${3:-60}
work=$(mktemp -d); mount="$work/card"; mkdir "$mount"
truncate -s 256M "$work/image"
mkfs.ext4 -q -b 4096 "$work/image"
loop=$(losetup --find --show "$work/image")
trap 'kill "${pid:-}" "${hub:-}" 2>/dev/null || true; sleep 1; umount "$mount" 2>/dev/null || true
  losetup -d "$loop"; rm -rf "$work"' EXIT
mount -o noatime "$loop" "$mount"
mkfifo "$work/buttons" "$work/witness"
port=$((20000 + RANDOM % 20000))
cat > "$work/kiosk.toml" <<TOML
data_dir = "$mount/data"
runtime_dir = "$work/run"
[visit]
thanks_ms = 0
correction_ms = 0
interval_ms = 0
[buttons]
driver = "script"
script = "$work/buttons"
TOML
cat > "$work/hub.toml" <<TOML
data_dir = "$work/hub"
listen = "127.0.0.1:$port"
[dashboard]
listen = "127.0.0.1:$((port + 1))"
TOML
exec 3<>"$work/buttons" 4<>"$work/witness"
export SMILEPOST_LOG=warn
start() {
  "$programs/smilepost-kiosk" run --headless --config "$work/kiosk.toml" --witness "$work/witness" &
  pid=$!
}
stop() { kill -TERM "$pid"; wait "$pid"; }
press() {
  for _ in $(seq "$1"); do
    echo 5 >&3; read -r _ <&4
    if [ -n "${2:-}" ]; then sleep "$2"; fi
  done
}
counters() { read -r -a s < "/sys/block/$(basename "$loop")/stat"; echo "${s[6]} ${s[15]:-0}"; }
wakes() { awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$pid"/task/*/status; }
measure() {
  local what=$1 count=$2 pause=${3:-}
  read -r sectors flushes < <(counters)
  press "$count" "$pause"
  read -r sectors2 flushes2 < <(counters)
  awk -v s=$((sectors2 - sectors)) -v f=$((flushes2 - flushes)) -v n="$count" -v w="$what" 'BEGIN {
    printf "%s, %d ratings: %.1f KiB and %.2f flushes each, at the device\n", w, n, s / 2 / n, f / n }'
}
start
# Past the files' first growth, to a steady state with checkpoints in it.
press 1200; sync; sleep 1
measure "without a hub" "$ratings"
stop

hub() { "$programs/smilepost-hub" "$@" --config "$work/hub.toml"; }
shop=$(hub shop add Shop --zone UTC)
code=$(hub kiosk add --shop "$shop" --touchpoint Door | tail -n 1)
hub serve & hub=$!
until (echo > "/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.2; done
"$programs/smilepost-kiosk" enrol --config "$work/kiosk.toml" "http://127.0.0.1:$port" "$code" >/dev/null
start
# Again past the growth of the write-ahead log, which a clean stop took away.
press 1200; until hub kiosk list | grep -q "holds 0"; do sleep 1; done
press 20 0.7; sync; sleep 1
measure "each with a delivery of its own" $((ratings / 10)) 0.7

# What the last presses left to the file system is written first.
sync; sleep 12
read -r sectors flushes < <(counters); woken=$(wakes)
sleep "$idle"
read -r sectors2 flushes2 < <(counters)
echo "idle for $idle s: $(((sectors2 - sectors) / 2)) KiB, $((flushes2 - flushes)) flushes," \
  "$(($(wakes) - woken)) wake-ups"
stop
