#!/usr/bin/env bash
# Tests a whole visit on the kiosk's own graphics, without a window system: the board's program runs
# in a virtual machine with a graphics card and a touch device.
#
#     tests/board/run.sh [FOLDER]
#
# builds the program with --features board, boots it with Debian's kernel in QEMU, plays a visit and
# writes a picture of each page to FOLDER (target/board/pictures if left out). It fails when a page
# differs from its picture in tests/pictures, or when the kiosk does not thank for the rating. No KVM,
# no root and no network are needed, but the packages below are.
set -euo pipefail
cd "$(dirname "$0")/../.."
target="${CARGO_TARGET_DIR:-target}"
work="$target/board"
pictures="${1:-$work/pictures}"
source tests/board/needs.sh
needs qemu-system-x86 busybox-static cpio kmod python3 libinput-bin xkb-data

mkdir -p "$work" "$pictures"
cargo build --quiet --no-default-features --features board --bin smilepost-kiosk
program="$target/debug/smilepost-kiosk"

# Debian's kernel, unpacked into the work folder and not installed.
if ! ls "$work"/kernel/boot/vmlinuz-* >/dev/null 2>&1; then
  name="$(apt-cache depends linux-image-amd64 | grep -o 'linux-image-[0-9][^ ]*' | head -n 1)"
  (cd "$work" && apt-get download -qq "$name" && dpkg -x "$name"_*.deb kernel && rm "$name"_*.deb)
fi
kernel="$(ls "$work"/kernel/boot/vmlinuz-* | head -n 1)"
version="${kernel##*/vmlinuz-}"
depmod -b "$work/kernel" "$version"

# A system with one program.
root="$work/root"
rm -rf "$root"
mkdir -p "$root"/{bin,dev,proc,sys,run/udev/data,tmp,data,etc,usr/share/X11}
cp /bin/busybox "$root/bin/"
cp "$program" "$root/bin/smilepost-kiosk"
strip --strip-debug "$root/bin/smilepost-kiosk"
for library in $(ldd "$program" | grep -o '/[^ ]*'); do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
cp -r /usr/share/libinput "$root/usr/share/"
cp -r /usr/share/X11/xkb "$root/usr/share/X11/"
modules="$(for module in virtio_pci virtio_gpu virtio_input evdev; do
  modprobe -d "$work/kernel" -S "$version" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }')"
count=0
: > "$root/etc/modules"
for module in $modules; do
  cp "$module" "$root/etc/$((++count)).ko"
  echo "/etc/$count.ko" >> "$root/etc/modules"
done
cp tests/board/kiosk.toml tests/board/survey.toml "$root/etc/"
cp tests/board/init "$root/init"
chmod 755 "$root/init"
(cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) > "$work/initramfs.gz"

exec python3 -B tests/board/visit.py "$kernel" "$work/initramfs.gz" "$pictures" tests/pictures/golden
