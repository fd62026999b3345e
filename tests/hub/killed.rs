//! The archive goes by a program that is killed: whatever it was doing, the same command goes on
//! with it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use smilepost::hub::archive::ArchiveSettings;
use smilepost::hub::archive::postgres::ArchiveAddress;

use crate::engine::server::{Database, Pooler};
use crate::program::PROGRAM;
use crate::raw::raw;
use crate::transfer::{all, in_postgres, opens, scene};

/// Where the archive is, by a file of settings.
struct Place {
    config: PathBuf,
    data: PathBuf,
    settings: ArchiveSettings,
}

impl Place {
    fn file(home: &Path, data: &Path) -> Self {
        Self::of(home, data, "", ArchiveSettings::default())
    }

    fn database(home: &Path, data: &Path, address: &str, is_pooled: bool) -> Self {
        let lines = format!("[archive]\nurl = {address:?}\npooled = {is_pooled}\n");
        let address = ArchiveAddress::read(address).unwrap().pooled(is_pooled);
        Self::of(home, data, &lines, ArchiveSettings { postgres: Some(address), replica: None })
    }

    fn of(home: &Path, data: &Path, lines: &str, settings: ArchiveSettings) -> Self {
        let number = std::fs::read_dir(home).unwrap().count();
        let config = home.join(format!("hub-{number}.toml"));
        std::fs::write(&config, format!("data_dir = {data:?}\n{lines}")).unwrap();
        Self { config, data: data.to_owned(), settings }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).arg("--config").arg(&self.config);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn say(&self, arguments: &[&str]) -> String {
        let output = self.ask(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn complain(&self, arguments: &[&str]) -> String {
        let output = self.ask(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    async fn opens(&self) -> Result<(), String> {
        opens(&self.data, &self.settings).await
    }
}

/// Moves the archive by a program that is killed a bit later each time, until it has ended by
/// itself; returns how often it was killed.
async fn move_killed(from: &Place, to: &Place, arguments: &[&str]) -> u64 {
    let command = [&["move"][..], arguments].concat();
    for killed in 0.. {
        let mut program = from.command(&command).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(40 * killed)).await;
        // It may have ended.
        let _ = program.kill();
        let output = program.wait_with_output().unwrap();
        let left = from.opens().await;
        if output.status.code().is_none() {
            if let Err(why) = left {
                let is_told = why.contains("it is on its way to") || why.contains("it has gone to");
                assert!(is_told, "{why}");
            }
            continue;
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let is_done = output.status.success() || said.contains("nothing is left to be done here");
        assert!(is_done, "after {killed}: {said}");
        assert!(left.unwrap_err().contains("it has gone to"), "two places cannot be used");
        to.opens().await.unwrap();
        return killed;
    }
    unreachable!("it ends at some time")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_while_it_moves_the_archive_goes_on_where_it_was() {
    let (scene, home) = (scene().await, tempfile::tempdir().unwrap());
    let (home, here) = (home.path(), scene.folder.path());
    let databases = [Database::new().await, Database::new().await];
    let pooled = Pooler::shared().address(&databases[1].name);
    let back = home.join("back");
    let first = Place::file(home, here);
    let second = Place::database(home, here, &databases[0].address, false);
    let third = Place::database(home, here, &pooled, true);
    let last = Place::file(home, &back);
    let to_second = ["--to", databases[0].address.as_str()];
    let to_third = ["--to", pooled.as_str(), "--pooled"];
    let to_last = ["--to", "sqlite", "--folder", back.to_str().unwrap()];
    let mut killed = move_killed(&first, &second, &to_second).await;
    killed += move_killed(&second, &third, &to_third).await;
    killed += move_killed(&third, &last, &to_last).await;
    assert!(killed > 10, "{killed}");
    assert_eq!(all(&back), all(here));
    let key = |folder: &Path| std::fs::read(folder.join("hub.key")).unwrap();
    assert_eq!(key(&back), key(here), "it opens what was carried");
    let said = String::from_utf8(second.ask(&["doctor"]).stdout).unwrap();
    assert!(said.contains("WRONG archive: ") && said.contains("it has gone to"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_was_killed_can_be_given_up() {
    let (scene, home) = (scene().await, tempfile::tempdir().unwrap());
    let (home, here) = (home.path(), scene.folder.path());
    let (half, empty) = (Database::new().await, Database::new().await);
    let place = Place::file(home, here);
    let mut program = place.command(&["move", "--to", &half.address]).spawn().unwrap();
    while raw(here).number("select count(*) from transfer") == 0 {
        tokio::task::yield_now().await;
    }
    program.kill().unwrap();
    program.wait().unwrap();
    assert!(place.complain(&["shop", "list"]).contains("`smilepost-hub move --undo` gives it up"));
    let there = Place::database(home, here, &half.address, false);
    let wrong = there.ask(&["move", "--undo"]);
    let wrong = String::from_utf8([wrong.stdout, wrong.stderr].concat()).unwrap();
    assert!(wrong.contains("hub.toml has to name") && !wrong.contains("used again;"), "{wrong}");
    assert!(place.say(&["move", "--undo"]).contains("can be used again"));
    assert!(place.say(&["shop", "list"]).contains("Kallio"));
    let said = place.say(&["move", "--to", &empty.address]);
    assert!(said.contains("done: the archive is in the database"), "{said}");
    opens(here, &in_postgres(&empty.address)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_is_not_moved_to_where_it_is() {
    let (scene, home) = (scene().await, tempfile::tempdir().unwrap());
    let (home, here) = (home.path(), scene.folder.path());
    let database = Database::new().await;
    let (file, there) =
        (Place::file(home, here), Place::database(home, here, &database.address, false));
    let to = ["move", "--to", &database.address];
    // Somebody has changed hub.toml before the archive has moved.
    let refused = there.complain(&to);
    assert!(refused.contains("hub.toml has to name the place that it leaves"), "{refused}");
    let refused = there.complain(&["move", "--to", "sqlite"]);
    assert!(refused.contains("there is no archive in the database"), "{refused}");
    let tables = "select count(*) from pg_tables where schemaname = 'public'";
    assert_eq!(database.value(tables).await, "0", "nothing is made there");
    file.say(&to);
    // By another name of the same server, and while it is empty too.
    let other = database.address.replace("127.0.0.1", "localhost");
    for sql in ["select 1", "truncate shop, kiosk, claim, book, event, run, work cascade"] {
        database.ask(sql).await;
        let refused = there.complain(&["move", "--to", &other]);
        assert!(refused.contains("already, or a copy of it, and nothing"), "{refused}");
        there.opens().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_of_another_hub_are_not_taken_for_those_of_the_archive() {
    let (scene, home) = (scene().await, tempfile::tempdir().unwrap());
    let (home, here) = (home.path(), scene.folder.path());
    let (database, other) = (Database::new().await, home.join("other"));
    // A hub was started there before.
    let began = Place::database(home, &other, &database.address, false);
    assert!(began.ask(&["backup", home.join("empty").to_str().unwrap()]).status.success());
    assert_eq!(database.value("select count(*) from secret").await, "1");
    Place::file(home, here).say(&["move", "--to", &database.address]);
    let key = |folder: &Path| std::fs::read(folder.join("hub.key")).unwrap();
    let kept = database.value("select encode(content, 'escape') from secret").await;
    assert_eq!(kept.as_bytes(), key(here));
    assert_ne!(kept.as_bytes(), key(&other));
    let there = Place::database(home, here, &database.address, false);
    let refused = there.complain(&["move", "--to", "sqlite", "--folder", other.to_str().unwrap()]);
    assert!(refused.contains("is the key of another hub, and nothing was touched"), "{refused}");
    there.opens().await.unwrap();
    assert!(!other.join("hub.sqlite").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_cannot_be_claimed_leaves_the_archive_where_it_is() {
    let (scene, home) = (scene().await, tempfile::tempdir().unwrap());
    let (home, here) = (home.path(), scene.folder.path());
    let database = Database::new().await;
    let (file, there) =
        (Place::file(home, here), Place::database(home, here, &database.address, false));
    let to = ["move", "--to", &database.address];
    there.opens().await.unwrap();
    let full = "create function no_room() returns trigger language plpgsql as $$
            begin raise disk_full using message = 'no room'; end $$;
        create trigger no_room before insert on transfer execute function no_room()";
    database.ask(full).await;
    let refused = file.complain(&to);
    assert!(refused.contains("the disk of the database server is full: make room"), "{refused}");
    file.opens().await.unwrap();
    database.ask("drop trigger no_room on transfer").await;
    file.say(&to);
    // The making of a file was killed: an older form, and nothing in it.
    let half = home.join("half");
    std::fs::create_dir(&half).unwrap();
    raw(&half).execute(include_str!("../../src/hub/archive/sqlite/0001_first.sql"));
    raw(&half).execute("pragma user_version = 1");
    there.say(&["move", "--to", "sqlite", "--folder", half.to_str().unwrap()]);
    assert_eq!(all(&half), all(here));
}
