"""Plugs sticks and a keyboard into a board that has started from a USB disk with our unit and rules."""

import hashlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

from machine import Machine, WIDTH, touch_device

# One megabyte, in sectors: where a partition begins.
FIRST = 2048
STICK_MB = 64
FOLDER = "smilepost-export"
RATINGS = "smilepost-kiosk export --format jsonl | grep -c '\"rated\"'"


class System(Machine):
    """The whole guest, with a shell of root on its second serial line."""

    def __init__(self, kernel, initramfs, disk, folder):
        self.text = b""
        self.console = os.path.join(folder, "console.log")
        line = os.path.join(folder, "shell")
        super().__init__(folder, [
            "-machine", "i8042=off", "-m", "1024", "-kernel", kernel,
            "-initrd", initramfs, "-append",
            "console=ttyS0 console=tty1 root=PARTUUID=0badcafe-02 rw quiet loglevel=4",
            "-serial", "file:" + self.console,
            "-serial", f"unix:{line},server=on,wait=off",
            "-device", "qemu-xhci,p2=8,p3=8", "-device", touch_device(),
            "-drive", f"if=none,id=system,file={disk},format=raw,snapshot=on",
            "-device", "usb-storage,drive=system,removable=on",
        ])
        self.shell = socket.socket(socket.AF_UNIX)
        self.wait("the shell's line is there", lambda: os.path.exists(line))
        self.shell.connect(line)
        self.shell.settimeout(600)
        self.answer()

    def answer(self):
        """Reads up to the end of a command: what it said, and with what it ended."""
        while not (end := re.search(rb"\x01 (\d+)\r?\n", self.text)):
            more = self.shell.recv(65536)
            if not more:
                raise SystemExit("the guest has ended\n" + self.said())
            self.text += more
        said, self.text = self.text[:end.start()], self.text[end.end():]
        return said.decode(errors="replace").replace("\r\n", "\n"), int(end[1])

    def run(self, command):
        self.shell.sendall(command.encode() + b"\n")
        return self.answer()

    def must(self, command):
        said, ended = self.run(command)
        assert ended == 0, f"{command}: {ended}\n{said}"
        return said

    def said(self):
        with open(self.console, errors="replace") as log:
            return log.read()[-4000:]

    def until(self, what, command, is_so=lambda said, ended: ended == 0):
        """Asks again until something is so."""
        last = []

        def asked():
            last[:] = self.run(command)
            return is_so(*last)

        try:
            self.wait(what, asked)
        except SystemExit as error:
            raise SystemExit(f"{error}\n{command}: {last}") from None
        return last[0]

    def monitor(self, command):
        said = self.ask("human-monitor-command", **{"command-line": command})
        assert "rror" not in said and "nknown" not in said, f"{command}: {said}"

    def plug(self, name, image, options=""):
        """Plugs a stick in; returns once udev has dealt with it, with the disk's name."""
        before = self.disks()
        self.monitor(f"drive_add 0 if=none,id={name},file={image},format=raw{options}")
        self.monitor(f"device_add usb-storage,id=usb-{name},drive={name},removable=on")
        self.wait(f"the guest sees {name}", lambda: self.disks() - before)
        disk = (self.disks() - before).pop()
        self.settle()
        return disk

    def unplug(self, name, disk):
        self.monitor(f"device_del usb-{name}")
        self.until(f"{name} is gone", f"! test -e /sys/block/{disk}")
        self.settle()
        self.until(f"{name} is not mounted", f"! grep -q /dev/{disk} /proc/mounts")

    def settle(self):
        self.must("udevadm settle --timeout=120")
        self.until("nothing is being started", "systemctl list-jobs --no-legend",
                   lambda said, _: not said.strip() or "No jobs" in said)

    def disks(self):
        return {name for name in self.must("ls /sys/block").split() if name[:2] in ("sd", "vd")}

    def files(self, folder):
        """The files in a folder and one folder down, by their paths in it."""
        each = f"for file in {folder}/* {folder}/*/*; do test -f $file && echo $file; done; :"
        return sorted(path[len(folder) + 1:] for path in self.must(each).split())

    def mounted(self):
        """Each mount under /media, with its kind and options."""
        said = self.must("grep ' /media/' /proc/mounts || :")
        rows = [line.split() for line in said.splitlines()]
        return {row[1]: (row[2], row[3].split(",")) for row in rows}

    def pid(self):
        return self.must("systemctl show -P MainPID smilepost-kiosk").strip()


def make(path, kind, parts=()):
    """An image of a stick, of one kind, or of several parts of these kinds."""
    with open(path, "wb") as image:
        image.truncate(STICK_MB << 20)
    if not parts:
        return fill(path, kind)
    each = (STICK_MB - 2) * FIRST // len(parts)
    table = "label: dos\n" + "".join(
        f"start={FIRST + at * each}, size={each}, type={ {'ext4': '83'}.get(part, 'c') }\n"
        for at, part in enumerate(parts))
    subprocess.run(["sfdisk", "--quiet", path], input=table.encode(), check=True)
    for at, part in enumerate(parts):
        with tempfile.NamedTemporaryFile() as one:
            one.truncate(each * 512)
            fill(one.name, part)
            subprocess.run(["dd", "if=" + one.name, "of=" + path, "bs=512", "conv=notrunc",
                            f"seek={FIRST + at * each}", "status=none"], check=True)


def fill(path, kind):
    command = {
        "vfat": ["mkfs.fat", "-I", "-F", "32", "-n", "STICK"],
        "vfat16": ["mkfs.fat", "-I", "-F", "16", "-n", "STICK"],
        "exfat": ["mkfs.exfat", "-L", "Stick"],
        "ext4": ["mke2fs", "-q", "-t", "ext4", "-F"],
        "ntfs": ["mkntfs", "-q", "-Q", "-F"],
    }[kind]
    subprocess.run([*command, path], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def say(what):
    print(what, flush=True)


def is_asking(system):
    """Whether the screen shows the question, with no face pressed: two of them have their colour."""
    pixels = system.photograph("now")
    if pixels is None:
        return False
    colours = [pixels[(y * WIDTH + x) * 3:][:3] for x, y in [(215, 262), (360, 275)]]
    return all(red > 200 and blue < 120 for red, _, blue in colours)


def rate(system):
    """Presses a face, once the screen asks, and waits until the rating is kept."""
    before = kept(system)
    system.wait("the screen asks", lambda: is_asking(system))
    # The kernel tells nobody of a place where the finger is already.
    system.move(300, 440)
    system.touch(250, 260)
    system.until("the rating is kept", RATINGS, lambda said, _: int(said) == before + 1)


def kept(system):
    """How many ratings the journal holds."""
    return int(system.run(RATINGS)[0])


def sticks(system, work, hub):
    """What becomes of each kind of stick."""
    boot = sorted(system.disks())
    assert len(boot) == 1, boot
    firmware = lambda: system.must(f"sha256sum /dev/{boot[0]}1").split()[0]
    untouched = firmware()
    system.must(f"grep -q '^/dev/{boot[0]}1 /boot/firmware vfat' /proc/mounts")
    assert system.mounted() == {}, system.mounted()
    say("the disk that it was started from: left alone")

    carried = []
    for name, kind, parts in [
        ("fat-parted", "vfat", ["vfat"]), ("fat-whole", "vfat", []),
        ("fat16-parted", "vfat", ["vfat16"]),
        ("exfat-parted", "exfat", ["exfat"]), ("exfat-whole", "exfat", []),
        ("fat-beside-ext4", "vfat", ["vfat", "ext4"]),
    ]:
        image = os.path.join(work, name)
        make(image, kind, parts)
        disk = system.plug(name, image)
        place = f"/media/{disk}1" if parts else f"/media/{disk}"
        system.until(f"{name} is mounted", f"grep -q ' {place} ' /proc/mounts")
        mounted = system.mounted()
        assert list(mounted) == [place], mounted
        assert mounted[place][0] == kind, mounted
        for option in ["nosuid", "nodev", "noexec", "nosymfollow"]:
            assert option in mounted[place][1], mounted
        # Without the folder that asks for it nothing is written.
        said, ended = system.run(f"smilepost-kiosk carry {place}/{FOLDER}")
        assert ended != 0 and "there is no folder" in said, said
        assert system.must(f"ls -A {place}").replace("System Volume Information", "").strip() == ""
        system.must(f"mkdir {place}/{FOLDER}")
        rate(system)
        said = system.must(f"smilepost-kiosk carry {place}/{FOLDER}")
        files = system.files(f"{place}/{FOLDER}")
        ends = sorted({file.rsplit(".", 1)[1] for file in files})
        assert ends == ["csv", "html", "smilepost", "txt"], files
        for file in files:
            system.must(f"test -s {place}/{FOLDER}/{file}")
        sealed = next(file for file in files if file.endswith(".smilepost"))
        carried.append(fetch(system, f"{place}/{FOLDER}/{sealed}", work, name))
        owner = system.must(f"stat -c %U {place}/{FOLDER}/{sealed}").strip()
        assert owner == "smilepost-kiosk", owner
        # Taken out without a word to anybody, and put in again: it is whole.
        system.must("sync")
        system.unplug(name, disk)
        assert system.mounted() == {}
        again = system.plug(name, image)
        place = place.replace(disk, again)
        system.until(f"{name} is mounted again", f"grep -q ' {place} ' /proc/mounts")
        assert system.files(f"{place}/{FOLDER}") == files
        system.unplug(name, again)
        say(f"{name}: pages, table and {said.split(' events')[0].split()[-1]} events are on it")

    for name, kind, parts in [
        ("ext4-parted", "ext4", ["ext4"]), ("ext4-whole", "ext4", []), ("ntfs-whole", "ntfs", []),
        ("empty", None, None),
    ]:
        image = os.path.join(work, name)
        if kind:
            make(image, kind, parts)
        else:
            with open(image, "wb") as file:
                file.truncate(STICK_MB << 20)
        # As whoever filled it would have done, who hopes that it is taken.
        disk = system.plug(name, image)
        if kind == "ext4":
            device = f"{disk}1" if parts else disk
            system.must(f"mkdir -p /mnt && mount /dev/{device} /mnt && "
                        f"mkdir /mnt/{FOLDER} && umount /mnt")
        system.unplug(name, disk)
        before = digest(image)
        disk = system.plug(name, image)
        assert system.mounted() == {}, system.mounted()
        system.must("smilepost-kiosk doctor || :")
        system.unplug(name, disk)
        assert digest(image) == before, f"{name} was written to"
        say(f"{name}: left alone")

    # One that cannot be written to, as a switch on it says.
    name, image = "read-only", os.path.join(work, "fat-parted")
    before = digest(image)
    disk = system.plug(name, image, ",readonly=on")
    system.until(f"{name} is mounted", f"grep -q ' /media/{disk}1 ' /proc/mounts")
    said, ended = system.run(f"smilepost-kiosk carry /media/{disk}1/{FOLDER}")
    assert ended != 0 and "write-protected" in said, said
    say(f"read-only: {said.strip()}")
    assert "os error" not in said and "EROFS" not in said, said
    system.unplug(name, disk)
    assert digest(image) == before

    assert firmware() == untouched, "the disk that it was started from was written to"
    imported = subprocess.run([hub[0], "import", carried[-1], "--config", hub[1]],
                              capture_output=True, text=True, check=False)
    assert imported.returncode == 0, imported
    say("head office: " + imported.stdout.strip().splitlines()[-1])


def fetch(system, path, work, name):
    """A copy of a file of the guest's."""
    import base64
    copy = os.path.join(work, name + ".smilepost")
    with open(copy, "wb") as file:
        file.write(base64.b64decode(system.must(f"base64 '{path}'")))
    return copy


# What would leave the kiosk, if anybody listened: a login, an end, a restart, a power button.
LEAVING = ["ctrl-c", "ctrl-z", "ctrl-backslash", "alt-f2", "ctrl-alt-f2", "ctrl-alt-f3", "alt-right",
           "power", "sleep", "wake"]
ENDING = ["alt-f2", "ctrl-alt-f2", *["ctrl-alt-delete"] * 8]
# The kernel's own keys: end every process, unmount, end the console's programs, restart.
KERNELS = ["alt-sysrq-" + key for key in "ruskeib"]
TYPED = ["1", "2", "3", "4", "5", "kp_1", "kp_5", "ret", "spc", "tab", "esc", "a", "f1", "f10", "menu"]


def press(system, keys):
    for key in keys:
        system.monitor(f"sendkey {key} 60")
        time.sleep(0.25)


def keys(system):
    """What becomes of the keys of a keyboard that somebody plugs in."""
    system.monitor("device_add usb-kbd,id=keyboard")
    system.until("the keyboard is seen", "grep -q 'QEMU USB Keyboard' /proc/bus/input/devices")
    system.settle()
    rate(system)

    def state():
        return {
            "boot": system.must("cat /proc/sys/kernel/random/boot_id"),
            "console": system.must("cat /sys/class/tty/tty0/active"),
            "kiosk": system.pid(),
            "logins": system.must("systemctl list-units --no-legend 'getty@*' 'autovt@*' || :"),
            "jobs": system.must("systemctl list-jobs --no-legend"),
            "ratings": kept(system),
        }

    before = state()
    assert before["console"] == "tty1\n" and before["logins"] == "", before
    for what, some in [("typed", TYPED), ("of the kernel", KERNELS), ("that leave", LEAVING)]:
        press(system, some)
        time.sleep(3)
        assert state() == before, f"keys {what}: {state()}, not {before}"
        say(f"keys {what}: nothing")
    # These end Slint's loop on a console, and with it the kiosk. It is started again, and meanwhile
    # the console is as deaf as before.
    press(system, ["ctrl-alt-backspace", *ENDING, *ENDING])
    system.until("the kiosk runs again", "systemctl is-active smilepost-kiosk")
    system.wait("the screen asks", lambda: is_asking(system))
    now = state()
    assert {**now, "kiosk": ""} == {**before, "kiosk": ""}, f"{now}, not {before}"
    say("keys that end the kiosk: it is there again, and nothing else")
    rate(system)
    say("a finger: a rating")

    system.must("sed -i 's/^#keys = true/keys = true/' /etc/smilepost/kiosk.toml")
    system.must("systemctl restart smilepost-kiosk")
    system.wait("the screen asks", lambda: is_asking(system))
    before = state()
    press(system, ["5"])
    system.until("the key is a rating", RATINGS,
                 lambda said, _: int(said) == before["ratings"] + 1)
    system.wait("the screen asks", lambda: is_asking(system))
    press(system, ["6", "0", "a", "power", "sleep", *KERNELS])
    time.sleep(3)
    assert state() == {**before, "ratings": before["ratings"] + 1}, (state(), before)
    say("with keys = true, 5: a rating; the others: nothing")


def main():
    kernel, initramfs, disk, work, *rest = sys.argv[1:]
    hub, parts = rest[:2], rest[2:] or ["sticks", "keys"]
    for part in parts:
        with tempfile.TemporaryDirectory() as folder:
            system = System(kernel, initramfs, disk, folder)
            try:
                system.until("the kiosk runs", "systemctl is-active smilepost-kiosk")
                if part == "sticks":
                    sticks(system, work, hub)
                else:
                    keys(system)
            except AssertionError:
                print(system.run("journalctl -b --no-pager -n 60")[0], file=sys.stderr)
                raise
            finally:
                system.process.kill()
    say("the board's system does what it should")


if __name__ == "__main__":
    main()
