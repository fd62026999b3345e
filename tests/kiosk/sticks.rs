//! Tests of `systemd/smilepost-stick`, which says what the udev rules may mount for the kiosk. The
//! real script runs, with an `lsblk` that tells of machines that the tests do not have.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/systemd/smilepost-stick");

/// A machine: what `lsblk` says of the disk `sda`, the kernel's command line, and fstab.
struct Machine<'a> {
    parts: &'a str,
    cmdline: &'a str,
    fstab: &'a str,
}

impl Machine<'_> {
    /// Whether the kiosk may have `sda1` of this machine.
    fn gives(&self) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        for (name, text) in [("proc/cmdline", self.cmdline), ("etc/fstab", self.fstab)] {
            std::fs::create_dir_all(place(name).parent().unwrap()).unwrap();
            std::fs::write(place(name), text).unwrap();
        }
        std::fs::write(place("parts"), self.parts).unwrap();
        let fake = "#!/bin/sh\ncase \"$*\" in *PKNAME*) echo sda;; *) cat \"$PARTS\";; esac\n";
        std::fs::write(place("lsblk"), fake).unwrap();
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(place("lsblk"), mode).unwrap();
        let path = format!("{}:/usr/bin:/bin", folder.path().display());
        let mut command = Command::new("/bin/sh");
        command.arg(SCRIPT).arg("sda1").arg(folder.path());
        command.env("PATH", path).env("PARTS", place("parts")).status().unwrap().success()
    }
}

const STICK: &str = concat!(
    r#"NAME="sda" TYPE="disk" MOUNTPOINT="" UUID="" PARTUUID="" LABEL="" PARTLABEL="""#,
    "\n",
    r#"NAME="sda1" TYPE="part" MOUNTPOINT="" UUID="1A2B-3C4D" PARTUUID="0badcafe-01" "#,
    r#"LABEL="MY STICK" PARTLABEL="""#,
    "\n",
);

/// A Raspberry Pi that was started from a card.
const CARD: Machine<'_> = Machine {
    parts: STICK,
    cmdline: "console=tty1 root=PARTUUID=4e639091-02 rootfstype=ext4 fsck.repair=yes rootwait\n",
    fstab: "proc /proc proc defaults 0 0\nPARTUUID=4e639091-01 /boot/firmware vfat defaults 0 2\n\
            PARTUUID=4e639091-02 / ext4 defaults,noatime 0 1\n# UUID=1A2B-3C4D /mnt vfat\n",
};

#[test]
fn a_stick_that_the_system_does_not_use_is_the_kiosks() {
    assert!(CARD.gives());
    let whole = concat!(
        r#"NAME="sda" TYPE="disk" MOUNTPOINT="" UUID="1A2B-3C4D" PARTUUID="" LABEL="X" "#,
        r#"PARTLABEL="""#,
        "\n",
    );
    assert!(Machine { parts: whole, ..CARD }.gives(), "a stick without partitions");
    assert!(Machine { fstab: "", ..CARD }.gives());
}

#[test]
fn the_disk_that_the_system_was_started_from_is_never_taken() {
    // While it starts: nothing of the disk is mounted where udev can see it.
    let booted = |cmdline: &str, fstab: &str| {
        let parts = format!(
            "{STICK}NAME=\"sda2\" TYPE=\"part\" MOUNTPOINT=\"\" UUID=\"aaaa-bb\" \
             PARTUUID=\"0badcafe-02\" LABEL=\"rootfs\" PARTLABEL=\"system\"\n"
        );
        !Machine { parts: &parts, cmdline, fstab }.gives()
    };
    for root in [
        "root=PARTUUID=0badcafe-02",
        "root=PARTUUID=0BADCAFE-02",
        "root=UUID=aaaa-bb",
        "root=LABEL=rootfs",
        "root=PARTLABEL=system",
        "root=/dev/sda2",
        "root=/dev/disk/by-uuid/aaaa-bb",
        "cryptdevice=UUID=aaaa-bb:crypt root=/dev/mapper/crypt",
        "overlayroot=device:dev=/dev/sda2,recurse=0",
    ] {
        assert!(booted(&format!("quiet {root} rootwait\n"), ""), "{root}");
        assert!(booted(root, ""), "{root}, alone");
    }
    for line in [
        "UUID=1A2B-3C4D /boot/firmware vfat defaults 0 2",
        "UUID=\"1a2b-3c4d\"\t/boot\tvfat\tdefaults 0 2",
        "/dev/disk/by-partuuid/0badcafe-01 /boot vfat noauto 0 2",
        "LABEL=rootfs / ext4 defaults 0 1",
        "/dev/sda2 / ext4 defaults 0 1",
    ] {
        assert!(booted("quiet", line), "{line}");
    }
    assert!(!booted("root=PARTUUID=4e639091-02", "PARTUUID=4e639091-01 /boot vfat defaults 0 2"));
}

#[test]
fn a_disk_of_which_a_part_is_in_use_is_left_alone() {
    let used = |line: &str| {
        let parts = format!("{STICK}{line} UUID=\"\" PARTUUID=\"\" LABEL=\"\" PARTLABEL=\"\"\n");
        !Machine { parts: &parts, ..CARD }.gives()
    };
    assert!(used(r#"NAME="sda2" TYPE="part" MOUNTPOINT="/""#));
    assert!(used(r#"NAME="sda2" TYPE="part" MOUNTPOINT="[SWAP]""#));
    assert!(used(r#"NAME="dm-0" TYPE="crypt" MOUNTPOINT="""#));
    assert!(used(r#"NAME="md0" TYPE="raid1" MOUNTPOINT="""#));
    assert!(!used(r#"NAME="sda2" TYPE="part" MOUNTPOINT="""#));
}

#[test]
fn what_cannot_be_found_out_is_not_taken() {
    let mut command = Command::new("/bin/sh");
    let found = command.arg(SCRIPT).arg("no-such-disk").output().unwrap();
    assert!(!found.status.success());
}

#[test]
fn the_rules_mount_nothing_but_what_the_script_gives() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/smilepost.rules");
    let rules = std::fs::read_to_string(file).unwrap();
    let mounts: Vec<&str> = rules.lines().filter(|line| line.contains("systemd-mount")).collect();
    assert_eq!(mounts.len(), 1);
    for part in [
        "ENV{ID_FS_TYPE}==\"vfat|exfat\"",
        "PROGRAM==\"/usr/lib/udev/smilepost-stick %k\"",
        "nosuid,nodev,noexec,nosymfollow",
    ] {
        assert!(mounts[0].contains(part), "{part}");
    }
}
