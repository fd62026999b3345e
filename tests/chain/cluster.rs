//! Two PostgreSQL servers and a third: a primary, a standby that has everything before anything is
//! acknowledged, and one that can be left behind.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::port::free_address;
use crate::wait::wait_until;

/// A server with its own folder and port.
pub(crate) struct Server {
    folder: PathBuf,
    pub(crate) port: u16,
}

/// A program of PostgreSQL's, as a user who is not root, which its server refuses.
fn as_postgres(program: &str) -> Command {
    let found = |folder: &Path| folder.join(program).is_file();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> =
        versions.map(|version| version.path().join("bin")).filter(|bin| found(bin)).collect();
    folders.sort();
    let path = folders.pop().map_or_else(|| PathBuf::from(program), |bin| bin.join(program));
    if !rustix::process::geteuid().is_root() {
        return Command::new(path);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(path);
    command.current_dir("/");
    command
}

/// A folder for servers, which the superuser's own user may write.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("smilepost-chain-").tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

fn done(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

impl Server {
    /// A new primary.
    pub(crate) fn primary(home: &Path) -> Self {
        let server = Self { folder: home.join("a"), port: free_address().port() };
        let folder = server.folder.to_string_lossy().into_owned();
        done(
            &as_postgres("initdb")
                .args(["-D", &folder, "-A", "trust", "-U", "postgres"])
                .args(["--no-sync", "-E", "UTF8", "--locale=C.UTF-8"])
                .output()
                .unwrap(),
        );
        server.configure(home, "wal_log_hints = on\nmax_connections = 100\n");
        server.start();
        server
    }

    /// A standby of a server, by this name; it follows at once.
    pub(crate) fn standby(home: &Path, name: &str, of: &Server) -> Self {
        let server = Self { folder: home.join(name), port: free_address().port() };
        let folder = server.folder.to_string_lossy().into_owned();
        let port = of.port.to_string();
        done(
            &as_postgres("pg_basebackup")
                .args(["-h", "127.0.0.1", "-p", &port, "-U", "postgres"])
                .args(["-D", &folder, "-R", "-X", "stream", "-c", "fast", "--no-sync"])
                .output()
                .unwrap(),
        );
        server.follow(home, of, name);
        server.start();
        server
    }

    fn configure(&self, home: &Path, more: &str) {
        let text = format!(
            "port = {}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\n{more}",
            self.port,
            home.display(),
        );
        self.append("postgresql.conf", &text);
    }

    fn follow(&self, home: &Path, of: &Server, name: &str) {
        let more = format!(
            "primary_conninfo = 'host=127.0.0.1 port={} user=postgres application_name={name}'\n",
            of.port
        );
        self.configure(home, &more);
        // What pg_basebackup wrote there would count before it.
        let auto = self.folder.join("postgresql.auto.conf");
        let text = std::fs::read_to_string(&auto).unwrap();
        let kept: String = text
            .lines()
            .filter(|line| !line.starts_with("primary_conninfo"))
            .flat_map(|line| [line, "\n"])
            .collect();
        std::fs::write(&auto, kept).unwrap();
    }

    fn append(&self, file: &str, more: &str) {
        let file = self.folder.join(file);
        let mut file = std::fs::OpenOptions::new().append(true).open(file).unwrap();
        file.write_all(more.as_bytes()).unwrap();
    }

    fn control(&self, words: &[&str]) -> Output {
        let log = self.folder.with_extension("log");
        as_postgres("pg_ctl")
            .args(["-D", &self.folder.to_string_lossy(), "-l", &log.to_string_lossy(), "-w"])
            .args(words)
            .output()
            .unwrap()
    }

    pub(crate) fn start(&self) {
        done(&self.control(&["start"]));
    }

    /// Ends it at once, as a power cut would; what it has not written is lost.
    pub(crate) fn kill(&self) {
        done(&self.control(&["stop", "-m", "immediate"]));
    }

    /// Makes it the primary.
    pub(crate) fn promote(&self) {
        done(&self.control(&["promote"]));
    }

    /// Executes a statement as the superuser.
    pub(crate) fn sql(&self, sql: &str) -> String {
        self.ask("postgres", sql)
    }

    /// The same in the database of the hubs.
    pub(crate) fn in_chain(&self, sql: &str) -> String {
        self.ask("chain", sql)
    }

    fn ask(&self, database: &str, sql: &str) -> String {
        let port = self.port.to_string();
        let output = as_postgres("psql")
            .args(["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-d", database])
            .args(["-X", "-At", "-c", sql])
            .output()
            .unwrap();
        done(&output);
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Acknowledges nothing from now on before the standby of this name has it.
    pub(crate) fn wait_for(&self, standby: &str) {
        self.sql(&format!("alter system set synchronous_standby_names = 'first 1 ({standby})'"));
        self.sql("select pg_reload_conf()");
        let state = format!(
            "select sync_state from pg_stat_replication where application_name = '{standby}'"
        );
        wait_until("the standby follows", || self.sql(&state) == "sync");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.control(&["stop", "-m", "immediate"]);
    }
}
