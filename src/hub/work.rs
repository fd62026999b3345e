//! What the hub does besides answering: any process takes what is to be done, a bit at a time.
//!
//! What is to be done stands in the archive, so that nothing is forgotten whichever process ends,
//! and several processes share it; see [`archive::work`](super::archive::work). Each bit is a
//! transaction or a few, so that others have the archive in between.

use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::archive::work::{DATING, JUDGING, KEEP, SAMPLE, TALLY};
use super::archive::{Archive, Cursor, Error, Task};
use super::keep;
use super::proof;
use super::rules::keeping::{self, Kept};
use super::rules::leases::HEARTBEAT_MS;
use crate::feedback::moment::Reading;
use crate::web::server::Stop;

/// How long the archive rests between two looks for work.
const REST: Duration = Duration::from_secs(5);

/// How often changes get their places in the feed, where they have none when they are committed.
const STAMPING: Duration = Duration::from_secs(1);

/// How often it is looked for work that a wrong clock has put off, in milliseconds.
const LOOK_MS: u64 = 3_600_000;

/// What is done every day.
const DAILY: &[&str] = &[SAMPLE, KEEP];

/// How long after one such piece of work the next is due, in milliseconds.
const DAY_MS: i64 = 24 * 3_600_000;

/// How long others have the archive between two bits of work.
const PAUSE: Duration = Duration::from_millis(50);

/// How often it is noted how far a piece of work has come, in milliseconds.
const NOTED_MS: u64 = 5_000;

/// So many times in a row presses are judged again, before others have the archive: most runs are
/// short.
const JUDGED_AT_ONCE: u32 = 50;

/// What this program can do; the rest is left to a newer one.
const KINDS: &[&str] = &[DATING, JUDGING, KEEP, SAMPLE, TALLY];

/// Does what is to be done until it is stopped, and deletes what is not to be kept any longer; what
/// fails is noted, logged and tried again.
pub async fn run(archive: Archive, kept: Kept, read_clocks: fn() -> Reading, mut stop: Stop) {
    let worker = Worker { archive, kept, read_clocks };
    worker.begin().await;
    let mut stamping = tokio::time::interval(STAMPING);
    stamping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stamp = async {
        let mut is_behind = false;
        loop {
            stamping.tick().await;
            is_behind = worker.stamp(is_behind).await;
        }
    };
    tokio::select! {
        () = worker.work(&mut stop) => {}
        () = stamp => {}
    }
}

/// What comes of a bit of work.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Bit {
    /// There is more to do from here on.
    Reached(String),
    /// All of it is done.
    Done,
    /// Another process has the work now.
    Lost,
}

struct Worker {
    archive: Archive,
    kept: Kept,
    read_clocks: fn() -> Reading,
}

impl Worker {
    fn now_ms(&self) -> i64 {
        (self.read_clocks)().wall_ms
    }

    /// Does what is to be done until it is stopped.
    async fn work(&self, stop: &mut Stop) {
        let mut looked_ms = None;
        loop {
            let boot_ms = (self.read_clocks)().boot_ms;
            if looked_ms.is_none_or(|looked_ms| boot_ms.saturating_sub(looked_ms) >= LOOK_MS) {
                looked_ms = Some(boot_ms);
                self.bring_forward().await;
            }
            let rest = match self.archive.take_work(KINDS, self.now_ms()).await {
                Ok(Some(task)) => {
                    self.attend(task, stop).await;
                    PAUSE
                }
                Ok(None) => REST,
                Err(error) => {
                    log(&error, "nothing is done in the background: the archive does not say what");
                    REST
                }
            };
            tokio::select! {
                biased;
                () = stop.come() => return,
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    /// Sees that no clock that was wrong has put work off for years.
    async fn bring_forward(&self) {
        if let Err(error) = self.archive.bring_work_forward(self.now_ms()).await {
            log(&error, "work that was put off by a wrong clock is looked for in an hour");
        }
    }

    /// Gives changes their places in the feed; returns whether that has failed. It is said once:
    /// this comes every second, also while the database is away for hours.
    async fn stamp(&self, was_behind: bool) -> bool {
        match self.archive.stamp().await {
            Ok(_) => {
                if was_behind {
                    tracing::info!("changes get their places in the feed again");
                }
                false
            }
            Err(error) => {
                if !was_behind {
                    log(&error, "changes get their places in the feed later");
                }
                true
            }
        }
    }

    /// Asks for what an older program may have left to do, and for what is done every day.
    async fn begin(&self) {
        for kind in [JUDGING, DATING].iter().chain(DAILY) {
            self.want(kind, self.now_ms()).await;
        }
    }

    async fn want(&self, kind: &'static str, due_ms: i64) {
        if let Err(error) = self.archive.want_work(kind, String::new(), due_ms).await {
            log(&error, &format!("{kind} is not asked for until the next start"));
        }
    }

    /// Does a piece of work bit by bit.
    async fn attend(&self, mut task: Task, stop: &mut Stop) {
        let mut reached = task.reached.clone();
        let mut noted_ms = (self.read_clocks)().boot_ms;
        loop {
            let bit = tokio::select! {
                biased;
                () = stop.come() => return self.leave(task, reached).await,
                bit = self.with_heartbeat(&mut task, &reached) => bit,
            };
            match bit {
                Ok(Bit::Reached(further)) => reached = further,
                Ok(Bit::Done) => {
                    let (kind, now_ms) = (task.kind.clone(), self.now_ms());
                    let again_ms = self.again_ms(&kind, now_ms).await;
                    if let Err(error) = self.archive.finish_work(task, now_ms, again_ms).await {
                        log(&error, &format!("{kind} is done, and is done once more"));
                    }
                    return;
                }
                Ok(Bit::Lost) => return,
                Err(error) => return self.fail(task, reached, &error).await,
            }
            let boot_ms = (self.read_clocks)().boot_ms;
            if boot_ms.saturating_sub(noted_ms) >= NOTED_MS {
                noted_ms = boot_ms;
                match self.archive.keep_work(task.clone(), reached.clone(), self.now_ms()).await {
                    Ok(Some(kept)) => task = kept,
                    Ok(None) => return,
                    Err(error) => return self.fail(task, reached, &error).await,
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// From when on a piece of work that is done now is to be done again, if it is.
    async fn again_ms(&self, kind: &str, now_ms: i64) -> Option<i64> {
        match kind {
            SAMPLE => Some(now_ms.saturating_add(DAY_MS)),
            KEEP => {
                let kept = self.archive.kept_until().await.ok().flatten();
                Some(keeping::next_pass_ms(kept.unwrap_or(now_ms), now_ms))
            }
            _ => None,
        }
    }

    /// Does a bit of a piece of work, and says meanwhile that somebody is at it.
    async fn with_heartbeat(&self, task: &mut Task, reached: &str) -> Result<Bit, Error> {
        let (kind, subject) = (task.kind.clone(), task.subject.clone());
        let bit = self.bit(&kind, &subject, reached);
        tokio::pin!(bit);
        loop {
            tokio::select! {
                done = &mut bit => return done,
                () = tokio::time::sleep(Duration::from_millis(HEARTBEAT_MS)) => {}
            }
            let now_ms = self.now_ms();
            match self.archive.keep_work(task.clone(), reached.to_owned(), now_ms).await? {
                Some(kept) => *task = kept,
                None => return Ok(Bit::Lost),
            }
        }
    }

    /// Does the next bit of a kind of work.
    async fn bit(&self, kind: &str, subject: &str, reached: &str) -> Result<Bit, Error> {
        let more = |further: Option<String>| further.map_or(Bit::Done, Bit::Reached);
        Ok(match kind {
            DATING => more(self.archive.date_more(reached.to_owned()).await?),
            JUDGING => more(judge_more(&self.archive, reached).await?),
            KEEP => {
                let now_ms = self.now_ms();
                more(keep::keep_more(&self.archive, self.kept, reached, now_ms).await?)
            }
            SAMPLE => more(proof::sample_more(&self.archive, reached, self.now_ms()).await?),
            TALLY => more(proof::retally_more(&self.archive, subject, reached).await?),
            _ => Bit::Done,
        })
    }

    /// Leaves a piece of work to whoever comes next.
    async fn leave(&self, task: Task, reached: String) {
        let kept = self.archive.keep_work(task, reached, self.now_ms()).await;
        let left = match kept {
            Ok(Some(task)) => self.archive.leave_work(task).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = left {
            log(&error, "work under way goes on in two minutes");
        }
    }

    async fn fail(&self, task: Task, reached: String, why: &Error) {
        log(why, &format!("{} has failed and is tried again", task.kind));
        let kept = self.archive.keep_work(task, reached, self.now_ms()).await;
        let noted = match kept {
            Ok(Some(task)) => self.archive.fail_work(task, chain(why), self.now_ms()).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = noted {
            log(&error, "that work has failed cannot be noted; it goes on in two minutes");
        }
    }
}

/// Judges the next presses again, after what was reached, which is empty at the beginning; returns
/// what is reached now, or none when all is done.
async fn judge_more(archive: &Archive, reached: &str) -> Result<Option<String>, Error> {
    let mut at = read_cursor(reached);
    for _ in 0..JUDGED_AT_ONCE {
        at = archive.judge_more(at).await?;
        if at.is_none() {
            break;
        }
    }
    Ok(at.map(|(kiosk, run, n)| format!("{kiosk},{run},{n}")))
}

fn read_cursor(reached: &str) -> Option<Cursor> {
    let mut parts = reached.split(',');
    let (kiosk, run, n) = (parts.next()?, parts.next()?, parts.next()?);
    Some((kiosk.parse().ok()?, run.parse().ok()?, n.parse().ok()?))
}

fn log(error: &Error, what: &str) {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, "{what}");
}

/// An error with its causes, in words.
fn chain(error: &Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::server;

    const NOW: i64 = 1_795_176_000_000;

    /// A worker with a piece of work that it has taken, of a kind of which there is never much.
    async fn at_work() -> (tempfile::TempDir, Worker, Task) {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::in_folder(folder.path()).unwrap();
        archive.want_work("nothing", String::new(), NOW).await.unwrap();
        let task = archive.take_work(&["nothing"], NOW).await.unwrap().unwrap();
        let read_clocks = || Reading { boot_ms: 0, wall_ms: NOW };
        (folder, Worker { archive, kept: Kept::default(), read_clocks }, task)
    }

    #[tokio::test]
    async fn work_that_is_done_is_noted_as_done() {
        let (_folder, worker, task) = at_work().await;
        let (_stopper, mut stop) = server::stopper();
        worker.attend(task, &mut stop).await;
        assert_eq!(worker.archive.work().await.unwrap()[0].done_ms, Some(NOW));
    }

    #[tokio::test]
    async fn whoever_is_stopped_leaves_its_work_to_others_at_once() {
        let (_folder, worker, task) = at_work().await;
        let (stopper, mut stop) = server::stopper();
        stopper.stop();
        worker.attend(task, &mut stop).await;
        let task = worker.archive.take_work(&["nothing"], NOW).await.unwrap();
        assert_eq!(task.map(|task| task.tries), Some(1));
    }

    #[tokio::test]
    async fn what_fails_says_why_with_its_causes_and_keeps_how_far_it_has_come() {
        let (_folder, worker, task) = at_work().await;
        let error = Error::new("date events again", "the disk is full");
        worker.fail(task, "exit".to_owned(), &error).await;
        let work = worker.archive.work().await.unwrap().remove(0);
        assert_eq!(work.failed.as_deref(), Some("cannot date events again: the disk is full"));
        assert_eq!((work.reached.as_str(), work.due_ms > NOW), ("exit", true));
    }
}
