#!/usr/bin/env bash
# What a rating costs the card: bytes and flushes at the device, on ext4 on a loop device.
#
# As root: benches/card.sh target/release/smilepost-kiosk [RATINGS]
# The kernel counts for itself in /sys/block/loopN/stat: sectors written (7th) and flushes (16th).
set -euo pipefail
kiosk=$(realpath "$1"); ratings=${2:-2000}
work=$(mktemp -d); mount="$work/card"; mkdir "$mount"
truncate -s 256M "$work/image"
mkfs.ext4 -q -b 4096 "$work/image"
loop=$(losetup --find --show "$work/image")
trap 'kill "${pid:-}" 2>/dev/null || true; umount "$mount" 2>/dev/null || true; losetup -d "$loop"; rm -rf "$work"' EXIT
mount -o noatime "$loop" "$mount"
mkfifo "$work/buttons" "$work/witness"
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
exec 3<>"$work/buttons" 4<>"$work/witness"
SMILEPOST_LOG=warn "$kiosk" run --headless --config "$work/kiosk.toml" --witness "$work/witness" &
pid=$!
press() { for _ in $(seq "$1"); do echo 5 >&3; read -r _ <&4; done; }
counters() { read -r -a s < "/sys/block/$(basename "$loop")/stat"; echo "${s[6]} ${s[15]:-0}"; }
# Past the files' first growth, to a steady state with checkpoints in it.
press 1200; sync; sleep 1
read -r sectors flushes < <(counters)
press "$ratings"
read -r sectors2 flushes2 < <(counters)
awk -v s=$((sectors2 - sectors)) -v f=$((flushes2 - flushes)) -v n="$ratings" 'BEGIN {
  printf "%d ratings: %.1f KiB and %.2f flushes each, at the device\n", n, s / 2 / n, f / n }'
# What the last presses left to the file system is written first.
sync; sleep 12
read -r sectors flushes < <(counters)
sleep 60
read -r sectors2 flushes2 < <(counters)
echo "idle for 60 s: $(((sectors2 - sectors) / 2)) KiB, $((flushes2 - flushes)) flushes"
kill -TERM "$pid"; wait "$pid"
