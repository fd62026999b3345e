//! The dictionaries: what is asked and what is answered after it, each as a number, written once.
//!
//! Whoever needs numbers gets them in a transaction of its own, before it locks any kiosk: so no
//! two deliveries wait for each other's new words.

use std::collections::{BTreeMap, BTreeSet};

use crate::hub::archive::error::Failure;
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Row, Value, values};

/// A question's short name, the version of its wording, and how many faces there are.
pub(super) type Asked = (String, u32, u8);

/// A follow-up and one of its choices.
pub(super) type Choice = (String, String);

/// The row of `meta` that whoever numbers something new has locked: it is there in PostgreSQL, and
/// nobody changes it.
const NUMBERED: &str = "schema";

/// So many words are looked up by one statement.
const AT_ONCE: usize = 12;

/// The numbers of these lines; those that have none are given one, in the order in which they come:
/// pages list lines by it, so they come in the order in which they were asked.
pub(super) async fn lines<'a>(
    tx: &mut dyn Tx,
    wanted: impl IntoIterator<Item = &'a Asked>,
) -> Result<BTreeMap<Asked, i64>, Failure> {
    numbers(tx, &LINE, &each_once(wanted)).await
}

/// The numbers of these choices; those that have none are given one. Only what
/// [`choice`](crate::hub::rules::tallying::choice) lets pass is one: never a shopper's own words.
pub(super) async fn choices<'a>(
    tx: &mut dyn Tx,
    wanted: impl IntoIterator<Item = &'a Choice>,
) -> Result<BTreeMap<Choice, i64>, Failure> {
    numbers(tx, &CHOICE, &each_once(wanted)).await
}

/// The numbers of those of these lines and choices that have one.
pub(super) async fn known(
    tx: &mut dyn Tx,
    asked: &[Asked],
    chosen: &[Choice],
) -> Result<(BTreeMap<Asked, i64>, BTreeMap<Choice, i64>), Failure> {
    Ok((find(tx, &LINE, asked).await?, find(tx, &CHOICE, chosen).await?))
}

/// Asks ahead for what [`known`] asks.
pub(super) fn ask_ahead(tx: &mut dyn Tx, asked: &[Asked], chosen: &[Choice]) {
    let asked = asked.chunks(AT_ONCE).map(|some| LINE.question(some));
    for (sql, values) in asked.chain(chosen.chunks(AT_ONCE).map(|some| CHOICE.question(some))) {
        tx.ask_ahead(&sql, values);
    }
}

fn each_once<'a, Word: Clone + Ord + 'a>(words: impl IntoIterator<Item = &'a Word>) -> Vec<Word> {
    let mut known = BTreeSet::new();
    words.into_iter().filter(|word| known.insert(*word)).cloned().collect()
}

/// Locks the right to number what is new. Two hubs that number the same words or runs, each in
/// another order, would wait for each other.
pub(super) async fn lock_new(tx: &mut dyn Tx) -> Result<(), Failure> {
    tx.lock("select key from meta where key = $1", &values![NUMBERED]).await.map(drop)
}

async fn numbers<Word: Clone + Ord + Sync>(
    tx: &mut dyn Tx,
    words: &Dictionary<Word>,
    wanted: &[Word],
) -> Result<BTreeMap<Word, i64>, Failure> {
    let Dictionary { table, columns, .. } = words;
    let mut known = find(tx, words, wanted).await?;
    let missing: Vec<Word> =
        wanted.iter().filter(|word| !known.contains_key(word)).cloned().collect();
    if missing.is_empty() {
        return Ok(known);
    }
    lock_new(tx).await?;
    let places: Vec<String> = (1..=columns.len()).map(|place| format!("${place}")).collect();
    // Another hub may be giving the same word its number just now: then this waits for it.
    let sql = format!(
        "insert into {table} ({}) values ({}) on conflict do nothing",
        columns.join(", "),
        places.join(", ")
    );
    let rows: Vec<Vec<Value>> = missing.iter().map(words.written).collect();
    tx.execute_each(&sql, &rows).await?;
    known.extend(find(tx, words, &missing).await?);
    if wanted.iter().all(|word| known.contains_key(word)) {
        return Ok(known);
    }
    Err(Failure::Content(format!("a word has no number in the table {table}")))
}

async fn find<Word: Ord + Sync>(
    tx: &mut dyn Tx,
    words: &Dictionary<Word>,
    wanted: &[Word],
) -> Result<BTreeMap<Word, i64>, Failure> {
    let mut found = BTreeMap::new();
    for some in wanted.chunks(AT_ONCE) {
        let (sql, values) = words.question(some);
        for row in tx.rows(&sql, &values).await? {
            found.insert((words.read)(&row)?, row.get("no")?);
        }
    }
    Ok(found)
}

/// A table that gives words numbers.
struct Dictionary<Word: 'static> {
    table: &'static str,
    columns: &'static [&'static str],
    written: fn(&Word) -> Vec<Value>,
    read: fn(&Row) -> Result<Word, Failure>,
}

const LINE: Dictionary<Asked> = Dictionary {
    table: "line",
    columns: &["question", "version", "scale"],
    written: |(question, version, scale)| values![question, *version, *scale].into(),
    read: |row| Ok((row.get("question")?, row.get("version")?, row.get("scale")?)),
};

const CHOICE: Dictionary<Choice> = Dictionary {
    table: "choice",
    columns: &["follow_up", "answer"],
    written: |(follow_up, answer)| values![follow_up, answer].into(),
    read: |row| Ok((row.get("follow_up")?, row.get("answer")?)),
};

impl<Word> Dictionary<Word> {
    /// The question for the numbers of some words, of which there is at least one.
    fn question(&self, some: &[Word]) -> (String, Vec<Value>) {
        let Self { table, columns, .. } = self;
        let (names, any) = (columns.join(", "), any_of(columns));
        // The last one fills the places that are left, so that there is one statement.
        let last = some.last().into_iter().cycle();
        let values = some.iter().chain(last).take(AT_ONCE).flat_map(self.written).collect();
        (format!("select no, {names} from {table} where {any}"), values)
    }
}

/// The condition that a row is one of [`AT_ONCE`] words.
fn any_of(columns: &[&str]) -> String {
    let mut places = 1..;
    let is_one = |_| {
        let is_equal = |(column, place): (&&str, usize)| format!("{column} = ${place}");
        let all: Vec<String> = columns.iter().zip(places.by_ref()).map(is_equal).collect();
        format!("({})", all.join(" and "))
    };
    (0..AT_ONCE).map(is_one).collect::<Vec<_>>().join(" or ")
}
