//! Whose files the data folder holds: root acts on them as the folder's owner.
//!
//! What somebody does with `sudo` must leave nothing that the service cannot use. So the kernel is
//! told to check files for this thread, and for every thread that it starts from then on, as it
//! would for the owner of the data folder. Whatever is made is the owner's then, down to SQLite's
//! side files and to what a crash leaves behind, and root gets no further in a folder of somebody
//! else than its owner would. Files that a person named on the command line are that person's own
//! business ([`as_caller`], [`in_folder`]).

use std::ffi::CString;
use std::io;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, User, getegid, geteuid, getgrouplist, setfsgid, setfsuid, setgroups};
use rustix::fs::{Access, AtFlags, CWD, accessat};

/// A program's service, as far as its data folder is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its user on a machine that was set up as the README says.
    pub user: &'static str,
    /// How the names of its files in the data folder begin.
    pub files: &'static [&'static str],
}

/// Why the data folder may not be used by whoever started the program.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The folder or a folder above it is closed to the caller.
    #[error(
        "{caller} may not look into the data folder {}, so nothing is known about it: type `sudo` \
         before the command", folder.display()
    )]
    Closed {
        /// The data folder.
        folder: PathBuf,
        /// Who started the program.
        caller: String,
    },
    /// The folder belongs to somebody else.
    #[error(
        "the data folder {} belongs to {owner}, and {caller} may not use it: {}",
        folder.display(),
        cure(folder, owner, caller)
    )]
    Others {
        /// The data folder.
        folder: PathBuf,
        /// Whose it is.
        owner: String,
        /// Who started the program.
        caller: String,
    },
    /// A file in the folder is closed to its owner.
    #[error(
        "{} belongs to {holder}, and {owner} cannot use it: type `sudo chown -R {owner}: {}` and \
         `sudo chmod u+rw {}`",
        file.display(),
        file.parent().unwrap_or(file).display(),
        file.display()
    )]
    Leftover {
        /// The file.
        file: PathBuf,
        /// Whose the file is.
        holder: String,
        /// Whose the folder is.
        owner: String,
    },
    /// The system does not let root act as somebody else.
    #[error(
        "root cannot act as {0}, who owns the data folder, in this container or sandbox: start \
         the command as that user"
    )]
    Fenced(String),
    /// The folder cannot be looked at.
    #[error("cannot look at the data folder {}", .0.display())]
    Folder(PathBuf, #[source] io::Error),
}

/// For as long as it lives, this thread acts on files as the owner of the data folder. Threads that
/// it starts meanwhile do so for ever.
#[derive(Debug)]
pub struct Acting(Option<Identity>);

impl Acting {
    /// Whether it is root that acts as somebody else.
    #[must_use]
    pub const fn is_for_other(&self) -> bool {
        self.0.is_some()
    }
}

impl Drop for Acting {
    fn drop(&mut self) {
        if let Some(before) = self.0 {
            before.take_on();
        }
    }
}

/// As whom the kernel sees this thread where files are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    user: Uid,
    group: Gid,
}

impl Identity {
    fn caller() -> Self {
        Self { user: geteuid(), group: getegid() }
    }

    /// As whom this thread acts at present.
    fn present() -> Self {
        // No user has this number: nothing is changed, and the present one is told.
        Self { user: setfsuid(Uid::from_raw(u32::MAX)), group: setfsgid(Gid::from_raw(u32::MAX)) }
    }

    /// The group first: who is no longer root may not choose it.
    fn take_on(self) {
        if self.user.is_root() {
            setfsuid(self.user);
        }
        setfsgid(self.group);
        setfsuid(self.user);
    }
}

fn cure(folder: &Path, owner: &str, caller: &str) -> String {
    match owner {
        "root" => format!("type `sudo chown -R {caller}: {}`", folder.display()),
        _ => "type `sudo` before the command".to_owned(),
    }
}

/// Has this thread act as the owner of the data folder if root has started the program, and looks
/// whether the folder can be used at all. Where it is missing, root makes it for the service's user
/// if the machine has one.
///
/// # Errors
/// [`Refused`] says why the folder cannot be used, and what to type instead.
pub fn act(data_dir: &Path, service: Service) -> Result<Acting, Refused> {
    let folder = || data_dir.to_owned();
    let caller = Identity::caller();
    if caller.user.is_root() {
        make(data_dir, service).map_err(|error| Refused::Folder(folder(), error))?;
    }
    let found = match std::fs::metadata(data_dir) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Acting(None)),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Err(Refused::Closed { folder: folder(), caller: name(caller.user.as_raw()) });
        }
        Err(error) => return Err(Refused::Folder(folder(), error)),
    };
    let owner = Identity { user: Uid::from_raw(found.uid()), group: Gid::from_raw(found.gid()) };
    let is_other = owner.user != caller.user;
    let acting = match caller.user.is_root() && is_other {
        true => become_owner(owner)?,
        false => Acting(None),
    };
    if is_other && !may(data_dir, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        let (owner, caller) = (name(owner.user.as_raw()), name(caller.user.as_raw()));
        return Err(Refused::Others { folder: folder(), owner, caller });
    }
    match leftover(data_dir, found.uid(), service.files) {
        Some((file, holder)) => {
            Err(Refused::Leftover { file, holder: name(holder), owner: name(found.uid()) })
        }
        None => Ok(acting),
    }
}

/// Makes a data folder that is missing, if the service's user is known and can reach it.
fn make(data_dir: &Path, service: Service) -> io::Result<()> {
    let user = User::from_name(service.user).ok().flatten();
    let Some(user) = user.filter(|_| !data_dir.exists()) else {
        return Ok(());
    };
    let above = data_dir.ancestors().skip(1).find(|folder| folder.exists());
    let is_open = |folder: &Path| folder.metadata().is_ok_and(|data| data.mode() & 0o001 != 0);
    if !above.is_some_and(|above| above.ancestors().all(is_open)) {
        return Ok(());
    }
    std::fs::create_dir_all(data_dir)?;
    chown(data_dir, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
}

/// Whether this thread, as whomever it acts, may do this with a file or folder.
fn may(path: &Path, what: Access) -> bool {
    // Older fences do not know the call that asks about others.
    let flags = if geteuid().is_root() { AtFlags::EACCESS } else { AtFlags::empty() };
    accessat(CWD, path, what, flags).is_ok()
}

fn become_owner(owner: Identity) -> Result<Acting, Refused> {
    let before = Identity::present();
    let uid = owner.user.as_raw();
    // Devices and runtime folders are open to groups of the service's user. As root, the program
    // needs no group of its own.
    let known = User::from_uid(owner.user).ok().flatten();
    let login = known.and_then(|user| CString::new(user.name).ok());
    let groups = login.and_then(|login| getgrouplist(&login, owner.group).ok());
    let groups = groups.unwrap_or_else(|| vec![owner.group]);
    let joined = setgroups(&groups);
    owner.take_on();
    let acting = Acting(Some(before));
    match joined.is_ok() && Identity::present() == owner {
        true => Ok(acting),
        false => Err(Refused::Fenced(name(uid))),
    }
}

/// A file of ours in the folder that its owner may not read, or may not write since it is somebody
/// else's. Folders of ours are looked into.
fn leftover(data_dir: &Path, owner: u32, ours: &[&str]) -> Option<(PathBuf, u32)> {
    let is_ours = |name: &str| ours.iter().any(|beginning| name.starts_with(beginning));
    let entries = std::fs::read_dir(data_dir).ok()?.flatten();
    let own = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_ours));
    own.map(|entry| entry.path()).find_map(|path| closed(&path, owner, DEPTH_MAX))
}

/// How deep folders of ours are.
const DEPTH_MAX: u32 = 3;

fn closed(path: &Path, owner: u32, depth: u32) -> Option<(PathBuf, u32)> {
    let data = std::fs::symlink_metadata(path).ok()?;
    let holder = data.uid();
    if data.is_dir() {
        let all = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
        if !may(path, all) {
            return Some((path.to_owned(), holder));
        }
        let entries = std::fs::read_dir(path).ok().filter(|_| depth > 0)?.flatten();
        return entries.map(|entry| entry.path()).find_map(|path| closed(&path, owner, depth - 1));
    }
    let write = if holder == owner { Access::empty() } else { Access::WRITE_OK };
    (data.is_file() && !may(path, Access::READ_OK | write)).then(|| (path.to_owned(), holder))
}

/// The name of a user, or the number of one without a name.
#[must_use]
pub fn name(user: u32) -> String {
    let known = User::from_uid(Uid::from_raw(user)).ok().flatten();
    known.map_or_else(|| format!("the user {user}"), |user| user.name)
}

/// As whom files are looked at: the owner of the data folder, or whoever started the program.
#[must_use]
pub fn acting_name() -> String {
    let is_root = geteuid().is_root();
    name(if is_root { Identity::present().user.as_raw() } else { geteuid().as_raw() })
}

/// Acts on files that the person who started the program has named, as that person.
pub fn as_caller<T>(act: impl FnOnce() -> T) -> T {
    let caller = Identity::caller();
    // Only root acts as somebody else.
    let before = caller.user.is_root().then(Identity::present).filter(|before| *before != caller);
    if before.is_some() {
        caller.take_on();
    }
    let _back = Acting(before);
    act()
}

/// Makes files in a folder that the person has named: as the owner of the data folder in a folder
/// of the same owner, and as that person everywhere else.
pub fn in_folder<T>(folder: &Path, act: impl FnOnce() -> T) -> T {
    let owner = as_caller(|| std::fs::metadata(folder).map(|data| data.uid()).ok());
    in_folder_of(owner.unwrap_or(u32::MAX), act)
}

/// As [`in_folder`], of a folder whose owner is known.
pub fn in_folder_of<T>(owner: u32, act: impl FnOnce() -> T) -> T {
    let is_same = geteuid().is_root() && Identity::present().user.as_raw() == owner;
    if is_same { act() } else { as_caller(act) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: Service = Service { user: "nobody-of-this-name", files: &["journal"] };

    #[test]
    fn whoever_acts_for_somebody_else_is_oneself_again_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let before = Identity::present();
        if !geteuid().is_root() {
            // Nobody but root can: nothing may be changed then.
            assert!(act(folder.path(), SERVICE).is_ok());
            assert_eq!(Identity::present(), before);
            return;
        }
        std::os::unix::fs::chown(folder.path(), Some(4_321), Some(4_321)).unwrap();
        let file = |name: &str| folder.path().join(name);
        let owner_of = |name: &str| std::fs::metadata(file(name)).unwrap().uid();
        let write = |name: &str| std::fs::write(file(name), "").unwrap();
        // Groups are the whole process's, and other tests run in this one.
        let acting = become_owner_alone(folder.path());
        write("owner");
        as_caller(|| write("caller"));
        in_folder(folder.path(), || write("owner-too"));
        write("owner-again");
        drop(acting);
        write("root");
        let owners = ["owner", "caller", "owner-too", "owner-again", "root"].map(owner_of);
        assert_eq!(owners, [4_321, 0, 4_321, 4_321, 0]);
        assert_eq!(Identity::present(), before);
        let _acting = become_owner_alone(folder.path());
        assert_eq!(leftover(folder.path(), 4_321, &["owner"]), None);
        assert_eq!(leftover(folder.path(), 4_321, &["ro"]), Some((file("root"), 0)));
    }

    fn become_owner_alone(folder: &Path) -> Acting {
        let before = Identity::present();
        let data = std::fs::metadata(folder).unwrap();
        Identity { user: Uid::from_raw(data.uid()), group: Gid::from_raw(data.gid()) }.take_on();
        Acting(Some(before))
    }

    #[test]
    fn a_refusal_says_what_to_type() {
        let (folder, caller) = (PathBuf::from("/var/lib/x"), "smilepost-hub".to_owned());
        let told = |owner: &str| {
            let (folder, caller) = (folder.clone(), caller.clone());
            Refused::Others { folder, owner: owner.to_owned(), caller }.to_string()
        };
        assert!(told("root").ends_with("`sudo chown -R smilepost-hub: /var/lib/x`"));
        assert!(told("pi").ends_with("type `sudo` before the command"));
        let (file, holder) = (folder.join("hub.key"), "root".to_owned());
        let told = Refused::Leftover { file, holder, owner: caller.clone() }.to_string();
        assert!(told.contains("hub.key belongs to root, and smilepost-hub cannot use it"));
        assert!(told.contains("`sudo chown -R smilepost-hub: /var/lib/x`"), "{told}");
    }
}
