//! Databases of a Citus cluster, in which the archive is spread as `systemd/citus.sql` says.
//!
//! `SMILEPOST_TEST_CITUS` names the workers: addresses of a superuser with blanks between them.
//! The server of `SMILEPOST_TEST_POSTGRES` is their coordinator. Spreading takes seconds, so it is
//! done once in a run, in a database that every test gets a copy of.

use smilepost::hub::archive::postgres::ArchiveAddress;
use smilepost::hub::archive::{Archive, ArchiveSettings};
use tokio::sync::OnceCell;

use super::server::{Database, Server, ask, new_name};

/// The database that is copied, on each server. The next run makes it anew.
const MODEL: &str = "smilepost_test_model";

const SPREAD: &str = include_str!("../../systemd/citus.sql");

/// A database at the server that all tests share, spread where that is a coordinator.
pub(crate) async fn new_database() -> Database {
    static MADE: OnceCell<()> = OnceCell::const_new();
    let addresses = std::env::var("SMILEPOST_TEST_CITUS").unwrap_or_default();
    let workers: Vec<Server> = addresses.split_whitespace().map(Server::at).collect();
    if workers.is_empty() {
        return Database::new().await;
    }
    let coordinator = Server::shared();
    MADE.get_or_init(|| model(coordinator, &workers)).await;
    let name = new_name();
    for server in std::iter::once(coordinator).chain(&workers) {
        let sql = format!("create database {name} template {MODEL}");
        ask(&server.address("postgres"), &sql).await.unwrap();
    }
    let database = Database::on(coordinator, &workers, name);
    // Two archives differ by their epochs.
    database.ask("update meta set value = floor(random() * 4294967295) where key = 'epoch'").await;
    database
}

async fn model(coordinator: &Server, workers: &[Server]) {
    for server in std::iter::once(coordinator).chain(workers) {
        for what in ["drop database if exists", "create database"] {
            let force = if what.starts_with("drop") { "with (force)" } else { "" };
            let sql = format!("{what} {MODEL} {force}");
            ask(&server.address("postgres"), &sql).await.unwrap();
        }
        ask(&server.address(MODEL), "create extension citus").await.unwrap();
    }
    let (here, port) = (coordinator.address(MODEL), coordinator.port);
    ask(&here, &format!("select citus_set_coordinator_host('127.0.0.1', {port})")).await.unwrap();
    for Server { port, .. } in workers {
        ask(&here, &format!("select citus_add_node('127.0.0.1', {port})")).await.unwrap();
    }
    let postgres = Some(ArchiveAddress::read(&here).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let archive =
        Archive::open(folder.path(), &ArchiveSettings { postgres, replica: None }).await.unwrap();
    archive.close().await;
    ask(&here, SPREAD).await.unwrap();
    for server in std::iter::once(coordinator).chain(workers) {
        // What the extension does there in the background would be in the way of copies.
        let close = format!("alter database {MODEL} allow_connections false");
        let end = format!(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity
                 where datname = '{MODEL}'"
        );
        for sql in [close, end] {
            ask(&server.address("postgres"), &sql).await.unwrap();
        }
    }
}
