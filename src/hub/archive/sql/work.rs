//! The statements about work. Its rows stand apart, under one `part`, so that also a distributed
//! database can skip those that somebody else has locked.

use std::collections::BTreeMap;

use super::clocks;
use crate::hub::archive::Archive;
use crate::hub::archive::error::{Error, Failure};
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Row, Value, values};
use crate::hub::archive::work::{LISTED_MAX, Task, Work};
use crate::hub::rules::leases;

/// How many pieces of work are forgotten with each one that is done at most.
const FORGOTTEN_MAX: usize = 2;

/// How many characters are kept of why a piece of work failed.
const FAILED_MAX: usize = 500;

impl Archive {
    /// Asks for a piece of work of this kind, with this subject, from this time on, in milliseconds
    /// since 1970 UTC.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn want_work(
        &self,
        kind: &'static str,
        subject: String,
        due_ms: i64,
    ) -> Result<(), Error> {
        self.write("ask for work", move |tx| {
            Box::pin(async move { want(tx, kind, &subject, due_ms).await })
        })
        .await
    }

    /// Takes the piece of work that is due first at this time, in milliseconds since 1970 UTC, of
    /// those that nobody is at and whose kinds are these; none where there is none.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn take_work(
        &self,
        kinds: &'static [&'static str],
        now_ms: i64,
    ) -> Result<Option<Task>, Error> {
        // Most of the time there is nothing to do, and finding that out locks nothing.
        let is_due = self.look("look for work", move |tx| {
            Box::pin(async move { Ok(tx.row(&due(kinds), &due_at(now_ms)).await?.is_some()) })
        });
        if !is_due.await? {
            return Ok(None);
        }
        self.write("take work", move |tx| Box::pin(take(tx, kinds, now_ms))).await
    }

    /// Says that somebody is still at a piece of work, and how far it has come; none where it has
    /// lost it, so that it must not go on.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn keep_work(
        &self,
        task: Task,
        reached: String,
        now_ms: i64,
    ) -> Result<Option<Task>, Error> {
        self.write("keep work", move |tx| {
            Box::pin(async move {
                let tries = if reached == task.reached { task.tries } else { 1 };
                // Never the same as before, since a lease is known by its end.
                let until_ms = leases::until_ms(now_ms).max(task.until_ms + 1);
                let sql = "update work set reached = $1, tries = $2, taken_until_ms = $3 \
                           where part = 1 and kind = $4 and subject = $5 and done_ms is null \
                           and taken_until_ms = $6";
                let values =
                    values![&reached, tries, until_ms, &task.kind, &task.subject, task.until_ms];
                let is_kept = tx.execute(sql, &values).await? == 1;
                Ok(is_kept.then_some(Task { reached, tries, until_ms, ..task }))
            })
        })
        .await
    }

    /// Says that a piece of work is done, and asks for it again from a time on where it is done
    /// every day; it is to be done once more where it was asked for again meanwhile. Nothing
    /// happens where somebody else has it.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn finish_work(
        &self,
        task: Task,
        now_ms: i64,
        again_ms: Option<i64>,
    ) -> Result<(), Error> {
        self.write("finish work", move |tx| {
            Box::pin(async move {
                let Some(wanted) = still_has(tx, &task).await? else {
                    return Ok(());
                };
                let done_ms = (wanted == task.wanted).then_some(now_ms);
                let sql = "update work set done_ms = $1, reached = '', tries = 0, failed = null, \
                           taken_until_ms = 0 where part = 1 and kind = $2 and subject = $3";
                tx.execute(sql, &values![done_ms, &task.kind, &task.subject]).await?;
                if let Some(again_ms) = again_ms {
                    want(tx, &task.kind, &task.subject, again_ms).await?;
                }
                forget(tx, now_ms).await
            })
        })
        .await
    }

    /// Makes work due that a clock which has been put back since has put off by years; returns how
    /// much that is.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn bring_work_forward(&self, now_ms: i64) -> Result<u64, Error> {
        self.write("bring work forward", move |tx| {
            Box::pin(async move {
                let sql = "update work set due_ms = $1 where part = 1 and done_ms is null \
                           and due_ms > $2";
                tx.execute(sql, &values![now_ms, leases::impossible_due_ms(now_ms)]).await
            })
        })
        .await
    }

    /// Says why a piece of work has failed; it is tried again later. Nothing happens where somebody
    /// else has it.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn fail_work(&self, task: Task, why: String, now_ms: i64) -> Result<(), Error> {
        self.write("note that work has failed", move |tx| {
            Box::pin(async move {
                let why: String = why.chars().take(FAILED_MAX).collect();
                let due_ms = leases::retried_ms(task.tries, now_ms);
                let sql = "update work set due_ms = $1, taken_until_ms = 0, failed = $2 \
                           where part = 1 and kind = $3 and subject = $4 and done_ms is null \
                           and taken_until_ms = $5";
                let values = values![due_ms, why, task.kind, task.subject, task.until_ms];
                tx.execute(sql, &values).await.map(drop)
            })
        })
        .await
    }

    /// Leaves a piece of work to whoever comes next, as when a process is stopped. Nothing happens
    /// where somebody else has it.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn leave_work(&self, task: Task) -> Result<(), Error> {
        self.write("leave work", move |tx| {
            Box::pin(async move {
                let sql = "update work set taken_until_ms = 0, tries = tries - 1 \
                           where part = 1 and kind = $1 and subject = $2 and done_ms is null \
                           and taken_until_ms = $3";
                tx.execute(sql, &values![task.kind, task.subject, task.until_ms]).await.map(drop)
            })
        })
        .await
    }

    /// What is to be done, what has failed first, and then what was done in the last days; as much
    /// as a list shows.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn work(&self) -> Result<Vec<Work>, Error> {
        self.read("list the work", |tx| {
            Box::pin(async move {
                let sql = "select kind, subject, since_ms, due_ms, taken_until_ms, reached, \
                           tries, done_ms, failed from work where part = 1 order by \
                           case when done_ms is null then 0 else 1 end, \
                           case when failed is null then 1 else 0 end, \
                           done_ms desc, due_ms, kind, subject limit $1";
                let rows = tx.rows(sql, &values![LISTED_MAX]).await?;
                let listed = rows.iter().map(work).collect::<Result<Vec<_>, _>>()?;
                named(tx, listed).await
            })
        })
        .await
    }
}

/// The same work with the short names of the kiosks whose numbers are its subjects.
async fn named(tx: &mut dyn Tx, listed: Vec<Work>) -> Result<Vec<Work>, Failure> {
    let number = |work: &Work| work.subject.parse::<i64>().ok();
    let numbers = clocks::listed(listed.iter().filter_map(number));
    if numbers.is_empty() {
        return Ok(listed);
    }
    let sql = format!("select no, id from kiosk where no in ({numbers})");
    let rows = tx.rows_once(&sql, &[]).await?;
    let names: BTreeMap<i64, String> = rows
        .iter()
        .map(|row| Ok((row.get("no")?, row.get("id")?)))
        .collect::<Result<_, Failure>>()?;
    let named = |work: Work| {
        let kiosk = number(&work).and_then(|number| names.get(&number).cloned());
        Work { kiosk, ..work }
    };
    Ok(listed.into_iter().map(named).collect())
}

/// Asks for a piece of work: one that is open stays so and becomes due no later, unless it waits
/// because it has failed; one that was done is to be done again. Where the transaction fails,
/// nobody has asked.
pub(super) async fn want(
    tx: &mut dyn Tx,
    kind: &str,
    subject: &str,
    due_ms: i64,
) -> Result<(), Failure> {
    let sql = "insert into work \
               (part, kind, subject, since_ms, wanted, due_ms, taken_until_ms, reached, tries) \
               values (1, $1, $2, $3, 1, $3, 0, '', 0) \
               on conflict (part, kind, subject) do update set wanted = work.wanted + 1, \
               since_ms = case when work.done_ms is null then work.since_ms \
               else excluded.since_ms end, \
               due_ms = case when work.done_ms is null \
               and (work.failed is not null or work.due_ms < excluded.due_ms) \
               then work.due_ms else excluded.due_ms end, \
               done_ms = null";
    tx.execute(sql, &values![kind, subject, due_ms]).await.map(drop)
}

/// The statement that finds the piece of work of these kinds that is due first and that nobody is
/// at, with the values of [`due_at`].
fn due(kinds: &[&str]) -> String {
    // Kinds are words of ours.
    let kinds: Vec<String> = kinds.iter().map(|kind| format!("'{kind}'")).collect();
    let kinds = kinds.join(", ");
    format!(
        "select kind, subject, reached, tries, wanted from work \
         where part = 1 and done_ms is null and due_ms <= $1 \
         and (taken_until_ms <= $1 or taken_until_ms > $2) and kind in ({kinds}) \
         order by due_ms, kind, subject limit 1"
    )
}

fn due_at(now_ms: i64) -> [Value; 2] {
    values![now_ms, leases::impossible_after_ms(now_ms)]
}

async fn take(
    tx: &mut dyn Tx,
    kinds: &'static [&'static str],
    now_ms: i64,
) -> Result<Option<Task>, Failure> {
    let Some(row) = tx.lock_free(&due(kinds), &due_at(now_ms)).await? else {
        return Ok(None);
    };
    let task = Task {
        kind: row.get("kind")?,
        subject: row.get("subject")?,
        reached: row.get("reached")?,
        tries: row.get::<u32>("tries")?.saturating_add(1),
        until_ms: leases::until_ms(now_ms),
        wanted: row.get("wanted")?,
    };
    let sql = "update work set tries = $1, taken_until_ms = $2 \
               where part = 1 and kind = $3 and subject = $4";
    tx.execute(sql, &values![task.tries, task.until_ms, &task.kind, &task.subject]).await?;
    Ok(Some(task))
}

/// How often a piece of work has been asked for, as long as whoever took it still has it.
async fn still_has(tx: &mut dyn Tx, task: &Task) -> Result<Option<i64>, Failure> {
    let sql = "select wanted from work where part = 1 and kind = $1 and subject = $2 \
               and done_ms is null and taken_until_ms = $3";
    let row = tx.lock(sql, &values![&task.kind, &task.subject, task.until_ms]).await?;
    row.map(|row| row.get("wanted")).transpose()
}

/// Forgets what was done long ago, as far as nobody else looks at it.
async fn forget(tx: &mut dyn Tx, now_ms: i64) -> Result<(), Failure> {
    for _ in 0..FORGOTTEN_MAX {
        let sql = "select kind, subject from work where part = 1 and done_ms < $1 \
                   order by done_ms limit 1";
        let before_ms = leases::forgotten_before_ms(now_ms);
        let Some(row) = tx.lock_free(sql, &values![before_ms]).await? else {
            return Ok(());
        };
        let (kind, subject): (String, String) = (row.get("kind")?, row.get("subject")?);
        let sql = "delete from work where part = 1 and kind = $1 and subject = $2";
        tx.execute(sql, &values![kind, subject]).await?;
    }
    Ok(())
}

fn work(row: &Row) -> Result<Work, Failure> {
    Ok(Work {
        kind: row.get("kind")?,
        subject: row.get("subject")?,
        kiosk: None,
        since_ms: row.get("since_ms")?,
        due_ms: row.get("due_ms")?,
        taken_until_ms: row.get("taken_until_ms")?,
        reached: row.get("reached")?,
        tries: row.get("tries")?,
        done_ms: row.get("done_ms")?,
        failed: row.get("failed")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::small_chain::SmallChain;
    use super::*;
    use crate::feedback::moment::DAY_MS;
    use crate::hub::archive::work::{DATING, JUDGING, TALLY};

    const NOW: i64 = 1_795_176_000_000;
    const KINDS: &[&str] = &[DATING, JUDGING];

    fn archive() -> (tempfile::TempDir, Archive) {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::in_folder(folder.path()).unwrap();
        (folder, archive)
    }

    async fn ask(archive: &Archive, kind: &'static str, due_ms: i64) {
        archive.want_work(kind, String::new(), due_ms).await.unwrap();
    }

    async fn take(archive: &Archive, now_ms: i64) -> Option<Task> {
        archive.take_work(KINDS, now_ms).await.unwrap()
    }

    async fn only(archive: &Archive) -> Work {
        let mut work = archive.work().await.unwrap();
        assert_eq!(work.len(), 1, "{work:?}");
        work.remove(0)
    }

    #[tokio::test]
    async fn one_of_those_who_ask_gets_the_work_that_is_due_first() {
        let (_folder, archive) = archive();
        assert_eq!(take(&archive, NOW).await, None);
        ask(&archive, DATING, NOW).await;
        ask(&archive, JUDGING, NOW - 1).await;
        ask(&archive, TALLY, NOW - 9).await;
        assert_eq!(take(&archive, NOW - 2).await, None, "nothing is due that it knows");
        assert_eq!(take(&archive, NOW).await.unwrap().kind, JUDGING);
        assert_eq!(take(&archive, NOW).await.unwrap().kind, DATING);
        assert_eq!(take(&archive, NOW).await, None, "a newer program knows what the third is");
    }

    #[tokio::test]
    async fn work_of_a_process_that_died_goes_on_where_it_was() {
        let (_folder, archive) = archive();
        ask(&archive, DATING, NOW).await;
        let task = take(&archive, NOW).await.unwrap();
        let kept = archive.keep_work(task.clone(), "k-7".to_owned(), NOW + 60_000).await.unwrap();
        let kept = kept.unwrap();
        assert_eq!(take(&archive, NOW + 179_999).await, None);
        let other = take(&archive, NOW + 180_000).await.unwrap();
        assert_eq!((other.reached.as_str(), other.tries), ("k-7", 2));
        let late = archive.keep_work(kept.clone(), "k-8".to_owned(), NOW + 180_001).await.unwrap();
        assert_eq!(late, None, "the first has lost it");
        archive.finish_work(kept.clone(), NOW + 180_002, None).await.unwrap();
        archive.fail_work(kept, "no".to_owned(), NOW + 180_003).await.unwrap();
        let Work { done_ms, failed, reached, .. } = only(&archive).await;
        assert_eq!((done_ms, failed, reached.as_str()), (None, None, "k-7"));
        archive.finish_work(other, NOW + 180_004, None).await.unwrap();
        assert_eq!(only(&archive).await.done_ms, Some(NOW + 180_004));
    }

    #[tokio::test]
    async fn what_is_asked_for_while_somebody_is_at_it_is_done_once_more() {
        let (_folder, archive) = archive();
        ask(&archive, DATING, NOW).await;
        let task = take(&archive, NOW).await.unwrap();
        ask(&archive, DATING, NOW + 5).await;
        let task = archive.keep_work(task, "k-7".to_owned(), NOW + 6).await.unwrap().unwrap();
        archive.finish_work(task, NOW + 10, None).await.unwrap();
        let again = take(&archive, NOW + 10).await.unwrap();
        assert_eq!((again.reached.as_str(), again.tries), ("", 1));
        archive.finish_work(again, NOW + 11, None).await.unwrap();
        assert_eq!(take(&archive, NOW + 12).await, None);
        ask(&archive, DATING, NOW + 13).await;
        let Work { since_ms, done_ms, .. } = only(&archive).await;
        assert_eq!((since_ms, done_ms), (NOW + 13, None), "it is to be done again");
        assert!(take(&archive, NOW + 13).await.is_some());
    }

    #[tokio::test]
    async fn open_work_becomes_due_earlier_and_never_later() {
        let (_folder, archive) = archive();
        for (asked_ms, due_ms) in [(50, 50), (80, 50), (20, 20)] {
            ask(&archive, DATING, NOW + asked_ms).await;
            let work = only(&archive).await;
            assert_eq!((work.due_ms, work.since_ms), (NOW + due_ms, NOW + 50));
        }
    }

    #[tokio::test]
    async fn what_fails_is_tried_again_later_and_later_and_says_why() {
        let (_folder, archive) = archive();
        ask(&archive, DATING, NOW).await;
        let mut now_ms = NOW;
        for delay_ms in [10_000, 20_000, 40_000] {
            let task = take(&archive, now_ms).await.unwrap();
            archive.fail_work(task, "the disk is full".to_owned(), now_ms).await.unwrap();
            ask(&archive, DATING, now_ms).await;
            assert_eq!(take(&archive, now_ms + delay_ms - 1).await, None);
            now_ms += delay_ms;
        }
        assert_eq!(only(&archive).await.failed.as_deref(), Some("the disk is full"));
        let task = take(&archive, now_ms).await.unwrap();
        let task = archive.keep_work(task, "k-1".to_owned(), now_ms).await.unwrap().unwrap();
        archive.fail_work(task, "again".to_owned(), now_ms).await.unwrap();
        let task = take(&archive, now_ms + 10_000).await.expect("it had come forward");
        archive.finish_work(task, now_ms + 10_000, None).await.unwrap();
        let Work { done_ms, failed, .. } = only(&archive).await;
        assert_eq!((done_ms, failed), (Some(now_ms + 10_000), None));
    }

    #[tokio::test]
    async fn what_a_process_leaves_is_taken_at_once() {
        let (_folder, archive) = archive();
        ask(&archive, DATING, NOW).await;
        let task = take(&archive, NOW).await.unwrap();
        archive.leave_work(task.clone()).await.unwrap();
        assert_eq!(take(&archive, NOW).await, Some(task));
    }

    #[tokio::test]
    async fn what_is_done_is_listed_for_a_week_after_what_is_open_and_what_has_failed() {
        let (_folder, archive) = archive();
        ask(&archive, JUDGING, NOW).await;
        let task = take(&archive, NOW).await.unwrap();
        archive.finish_work(task, NOW, None).await.unwrap();
        ask(&archive, TALLY, NOW).await;
        ask(&archive, DATING, NOW).await;
        let task = take(&archive, NOW).await.unwrap();
        archive.fail_work(task, "no".to_owned(), NOW).await.unwrap();
        let kinds = |work: Vec<Work>| work.into_iter().map(|work| work.kind).collect::<Vec<_>>();
        assert_eq!(kinds(archive.work().await.unwrap()), [DATING, TALLY, JUDGING]);
        let later_ms = NOW + 7 * DAY_MS + 1;
        let task = take(&archive, later_ms).await.unwrap();
        archive.finish_work(task, later_ms, None).await.unwrap();
        assert_eq!(kinds(archive.work().await.unwrap()), [TALLY, DATING]);
    }

    #[tokio::test]
    async fn what_is_done_every_day_is_asked_for_again_when_it_is_done() {
        let (_folder, archive) = archive();
        ask(&archive, DATING, NOW).await;
        let task = take(&archive, NOW).await.unwrap();
        archive.finish_work(task, NOW + 5, Some(NOW + DAY_MS)).await.unwrap();
        let Work { done_ms, due_ms, .. } = only(&archive).await;
        assert_eq!((done_ms, due_ms), (None, NOW + DAY_MS));
        let task = take(&archive, NOW + DAY_MS).await.unwrap();
        ask(&archive, DATING, NOW + DAY_MS + 1).await;
        archive.finish_work(task, NOW + DAY_MS + 2, Some(NOW + 2 * DAY_MS)).await.unwrap();
        assert!(take(&archive, NOW + DAY_MS + 2).await.is_some(), "somebody has asked meanwhile");
    }

    #[tokio::test]
    async fn what_a_clock_has_put_off_by_years_is_done_when_it_is_right_again() {
        let (_folder, archive) = archive();
        ask(&archive, DATING, NOW + 1_000 * DAY_MS).await;
        ask(&archive, JUDGING, NOW + DAY_MS).await;
        assert_eq!(archive.bring_work_forward(NOW).await.unwrap(), 1);
        assert_eq!(take(&archive, NOW).await.map(|task| task.kind).as_deref(), Some(DATING));
        assert_eq!(take(&archive, NOW).await, None);
    }

    #[tokio::test]
    async fn the_kiosk_of_a_piece_of_work_is_named() {
        let chain = SmallChain::new().await;
        for subject in ["2", "99", "l", ""] {
            chain.archive.want_work(TALLY, subject.to_owned(), NOW).await.unwrap();
        }
        let work = chain.archive.work().await.unwrap();
        let named: Vec<(&str, Option<&str>)> =
            work.iter().map(|work| (work.subject.as_str(), work.kiosk.as_deref())).collect();
        assert_eq!(named, [("", None), ("2", Some("l")), ("99", None), ("l", None)]);
    }

    #[tokio::test]
    async fn what_asks_for_work_and_fails_has_not_asked() {
        let (_folder, archive) = archive();
        let asked = archive.write("fail", |tx| {
            Box::pin(async move {
                want(tx, DATING, "", NOW).await?;
                Err::<(), _>(Failure::Content("no".to_owned()))
            })
        });
        assert!(asked.await.is_err());
        assert_eq!(archive.work().await.unwrap(), []);
    }
}
