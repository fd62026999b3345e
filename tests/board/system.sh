#!/usr/bin/env bash
# Tests what the board's system does for the kiosk: a whole Debian starts in a virtual machine from
# a USB disk, with systemd, udev, the kiosk, its unit and its rules as the README installs them.
#
#     tests/board/system.sh [sticks] [keys]        both if left out
#
# sticks plugs in USB sticks with FAT and exFAT, which the kiosk writes to, and others, which nobody
# may touch. keys plugs in a keyboard and presses what would reach a system that listens to it. It
# ends with 2 where a package is missing or cannot be fetched. No KVM and no root are needed.
set -euo pipefail
cd "$(dirname "$0")/../.."
target="$(realpath -m "${CARGO_TARGET_DIR:-target}")"
work="$target/board"
source tests/board/needs.sh
needs qemu-system-x86 busybox-static cpio kmod python3 e2fsprogs dosfstools exfatprogs ntfs-3g \
  fdisk fakeroot apt
# Some of these are for root alone elsewhere.
export PATH="$PATH:/usr/sbin:/sbin"

mkdir -p "$work/debs"
cargo build --quiet --no-default-features --features board --bin smilepost-kiosk
cargo build --quiet --no-default-features --features hub --bin smilepost-hub

# The guest's packages, with all that they need, unpacked and not installed.
guest=(systemd-sysv udev dbus util-linux mount kmod dash bash coreutils grep sed login base-passwd
  dosfstools exfatprogs libinput10 libxkbcommon0 libinput-bin xkb-data)
kernel_package="$(apt-cache depends linux-image-amd64 | grep -o 'linux-image-[0-9][^ ]*' | head -n 1)"
: > "$work/nothing"
names="$(apt-get install --print-uris -y --no-install-recommends \
  -o Dir::State::status="$(realpath "$work/nothing")" "${guest[@]}" |
  sed -nE "s/^'[^']*' ([^_ ]*)_.*/\1/p")"
if [ "$names $kernel_package" != "$(cat "$work/debs/names" 2>/dev/null)" ]; then
  rm -f "$work"/debs/*
  # shellcheck disable=SC2086
  if ! (cd "$work/debs" && apt-get download -qq $names "$kernel_package" 2>/dev/null); then
    echo "the guest's packages cannot be fetched with apt" >&2
    exit 2
  fi
  printf '%s' "$names $kernel_package" > "$work/debs/names"
fi

root="$work/system"
rm -rf "$root" "$work/kernel"
mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$work/kernel"
for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$root/$folder"; done
for package in "$work"/debs/*.deb; do
  into="$root"
  case "${package##*/}" in linux-image-*) into="$work/kernel" ;; esac
  dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$into"
done
kernel="$(ls "$work"/kernel/boot/vmlinuz-* | head -n 1)"
version="${kernel##*/vmlinuz-}"
depmod -b "$work/kernel" "$version"

# Only the drivers that this machine can need.
drivers=(virtio_pci virtio_gpu virtio_input evdev xhci_pci uas usb_storage sd_mod usbhid
  hid_generic ext4 vfat nls_cp437 nls_ascii nls_iso8859-1 nls_utf8 exfat
  fuse autofs4 crc32c_intel crc32c_generic unix)
show() { modprobe -d "$work/kernel" -S "$version" --show-depends "$1" 2>/dev/null || true; }
modules="$(for driver in "${drivers[@]}"; do show "$driver"; done |
  awk '$1 == "insmod" && !seen[$2]++ { print $2 }')"
for module in $modules; do
  install -D -m 644 "$module" "$root/usr/${module#"$work/kernel/"}"
done
cp "$work/kernel/lib/modules/$version"/modules.{order,builtin,builtin.modinfo} \
  "$root/usr/lib/modules/$version/"
depmod -b "$root" "$version"

# What Debian's own scripts would have made.
cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
for group in input render kvm; do echo "$group:x:$((id = ${id:-900} + 1)):" >> "$root/etc/group"; done
sed -nE 's/^([^:]+):.*/\1:*:19000:0:99999:7:::/p' "$root/etc/passwd" > "$root/etc/shadow"
mkdir -p "$root"/{dev,proc,sys,run,tmp,root,media,boot/firmware,etc/smilepost}
: > "$root/etc/machine-id"
echo smilepost > "$root/etc/hostname"
wants="$root/etc/systemd/system"
mkdir -p "$wants"/{getty.target.wants,multi-user.target.wants}
ln -s /lib/systemd/system/getty@.service "$wants/getty.target.wants/getty@tty1.service"

# The kiosk, as the README says.
install -m 755 "$target/debug/smilepost-kiosk" "$root/usr/bin/"
strip --strip-debug "$root/usr/bin/smilepost-kiosk"
install -m 644 systemd/smilepost-kiosk.service "$wants/"
install -m 644 systemd/smilepost.sysusers "$root/usr/lib/sysusers.d/smilepost.conf"
install -m 644 systemd/smilepost.tmpfiles "$root/usr/lib/tmpfiles.d/smilepost.conf"
install -m 644 systemd/smilepost.rules "$root/usr/lib/udev/rules.d/60-smilepost.rules"
install -m 755 systemd/smilepost-stick "$root/usr/lib/udev/"
install -m 644 systemd/smilepost-keys.rules "$root/etc/udev/rules.d/70-power-switch.rules"
install -m 644 systemd/smilepost.sysctl "$root/usr/lib/sysctl.d/60-smilepost.conf"
install -D -m 644 systemd/smilepost.system.conf "$root/etc/systemd/system.conf.d/smilepost.conf"
ln -s /dev/null "$wants/ctrl-alt-del.target"
install -m 644 systemd/kiosk.toml "$root/etc/smilepost/kiosk.toml"
sed -i -E 's/^#(pixel_shift) = true/\1 = false/; s/^#(dpi) = .*/\1 = 30/' \
  "$root/etc/smilepost/kiosk.toml"
ln -s /etc/systemd/system/smilepost-kiosk.service "$wants/multi-user.target.wants/"

# Head office, on this machine; its letter enrols the kiosk.
hub="$work/hub"
rm -rf "$hub" && mkdir -p "$hub"
printf 'data_dir = "%s"\n' "$(realpath "$hub")/data" > "$hub/hub.toml"
mkdir "$hub/data"
office() { "$target/debug/smilepost-hub" "$@" --config "$hub/hub.toml"; }
office shop add "Nordmarkt Kallio" --zone Europe/Helsinki > "$hub/log"
office kiosk add --shop nordmarkt-kallio --touchpoint "Checkout 1" >> "$hub/log"
office kiosk letter nordmarkt-kallio-checkout-1 "$root/etc/kiosk.letter"

# A shell on the second serial line, for the test; it enrols the kiosk once.
install -m 755 tests/board/shell "$root/usr/lib/smilepost-test-shell"
cat > "$wants/test-shell.service" <<UNIT
[Unit]
After=multi-user.target
[Service]
ExecStart=/usr/lib/smilepost-test-shell
StandardInput=tty
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS1
Restart=always
UNIT
cat > "$wants/test-enrol.service" <<UNIT
[Unit]
Before=smilepost-kiosk.service
After=systemd-tmpfiles-setup.service
[Service]
Type=oneshot
ExecStart=/usr/bin/smilepost-kiosk enrol --letter /etc/kiosk.letter
UNIT
ln -s /etc/systemd/system/test-{shell,enrol}.service "$wants/multi-user.target.wants/"

# A disk as a Raspberry Pi has it: what the firmware reads on FAT, then the system.
uuid=0c6e4d0e-1111-4222-8333-944445555666
printf 'PARTUUID=0badcafe-01 /boot/firmware vfat defaults 0 2\nUUID=%s / ext4 defaults 0 1\n' \
  "$uuid" > "$root/etc/fstab"
disk="$work/system.img"
rm -f "$disk" "$work"/system-{1,2}.img
truncate -s 64M "$work/system-1.img"
mkfs.fat -F 32 -n BOOTFS "$work/system-1.img" > /dev/null
truncate -s 900M "$work/system-2.img"
fakeroot sh -c "chown -R 0:0 '$root' && mke2fs -q -t ext4 -U $uuid -d '$root' '$work/system-2.img'"
truncate -s 970M "$disk"
printf 'label: dos\nlabel-id: 0x0badcafe\nstart=2048, size=64MiB, type=c\nstart=133120, type=83\n' |
  sfdisk --quiet "$disk"
dd if="$work/system-1.img" of="$disk" bs=512 seek=2048 conv=notrunc,sparse status=none
dd if="$work/system-2.img" of="$disk" bs=512 seek=133120 conv=notrunc,sparse status=none
rm -f "$work"/system-{1,2}.img

# What starts it: the drivers of the disk, and a step from here to there.
first="$work/first"
rm -rf "$first"
mkdir -p "$first"/{bin,dev,proc,sys,new,etc}
cp /bin/busybox "$first/bin/"
count=0
: > "$first/etc/modules"
for module in $(for driver in xhci_pci uas usb_storage sd_mod ext4 crc32c_generic; do
  show "$driver"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'); do
  cp "$module" "$first/etc/$((++count)).ko"
  echo "/etc/$count.ko" >> "$first/etc/modules"
done
cat > "$first/init" <<INIT
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "\$module" 2>/dev/null; done < /etc/modules
until disk="\$(findfs UUID=$uuid 2>/dev/null)"; do sleep 0.1; done
mount -t ext4 "\$disk" /new
mount --move /dev /new/dev
umount /proc /sys
exec switch_root /new /lib/systemd/systemd
INIT
chmod 755 "$first/init"
(cd "$first" && find . | cpio --quiet -o -H newc | gzip -1) > "$work/first.gz"

mkdir -p "$work/sticks"
exec python3 -B tests/board/system.py "$kernel" "$work/first.gz" "$disk" "$work/sticks" \
  "$target/debug/smilepost-hub" "$hub/hub.toml" "$@"
