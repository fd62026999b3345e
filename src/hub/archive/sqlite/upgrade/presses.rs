//! What presses need beside their own row: what was asked, as a number, and what replaces them.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use crate::hub::rules::tallying::Press;

/// The most entries of a dictionary that are remembered: a kiosk may ask what it likes.
const REMEMBERED_MAX: usize = 10_000;

/// What an event says of what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    question: Option<String>,
    version: Option<i64>,
    scale: Option<i64>,
}

impl Asked {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (question, version) = (row.get("question")?, row.get("question_version")?);
        Ok(Self { question, version, scale: row.get("scale")? })
    }

    /// How many faces there were.
    pub(super) fn faces(&self) -> Option<u8> {
        self.scale.and_then(|scale| u8::try_from(scale).ok())
    }

    /// As it stands in `line`; none where nothing was asked.
    fn line(&self) -> Option<(String, i64, i64)> {
        let Self { question, version, scale } = self;
        let is_asked = question.is_some() || version.is_some() || scale.is_some();
        let question = question.clone().unwrap_or_default();
        is_asked.then(|| (question, version.unwrap_or(0), scale.unwrap_or(0)))
    }
}

/// Numbers of what is asked and chosen.
#[derive(Default)]
pub(super) struct Dictionary {
    lines: HashMap<Asked, i64>,
    choices: HashMap<(String, String), i64>,
}

impl Dictionary {
    /// The number of what was asked; none where nothing was.
    pub(super) fn line(
        &mut self,
        transaction: &Transaction<'_>,
        asked: &Asked,
    ) -> rusqlite::Result<Option<i64>> {
        if let Some(no) = self.lines.get(asked) {
            return Ok(Some(*no));
        }
        let Some((question, version, scale)) = asked.line() else {
            return Ok(None);
        };
        let sql = "insert into line (question, version, scale) values (?, ?, ?) \
                   on conflict (question, version, scale) do update set scale = excluded.scale \
                   returning no";
        let mut statement = transaction.prepare_cached(sql)?;
        let no = statement.query_row(params![question, version, scale], |row| row.get(0))?;
        if self.lines.len() >= REMEMBERED_MAX {
            self.lines.clear();
        }
        self.lines.insert(asked.clone(), no);
        Ok(Some(no))
    }

    /// The number of a choice.
    pub(super) fn choice(
        &mut self,
        transaction: &Transaction<'_>,
        follow_up: &str,
        answer: &str,
    ) -> rusqlite::Result<i64> {
        let key = (follow_up.to_owned(), answer.to_owned());
        if let Some(no) = self.choices.get(&key) {
            return Ok(*no);
        }
        let sql = "insert into choice (follow_up, answer) values (?, ?) \
                   on conflict (follow_up, answer) do update set answer = excluded.answer \
                   returning no";
        let mut statement = transaction.prepare_cached(sql)?;
        let no = statement.query_row([follow_up, answer], |row| row.get(0))?;
        if self.choices.len() >= REMEMBERED_MAX {
            self.choices.clear();
        }
        self.choices.insert(key, no);
        Ok(no)
    }
}

/// Which presses of a run later ones replace: by kiosk and number, the newest verdict on each later
/// one.
#[derive(Default)]
pub(super) struct Replaced(BTreeMap<(i64, u32), Vec<Option<String>>>);

impl Replaced {
    /// Reads those of a run, whether they are taken over or not.
    pub(super) fn read(connection: &Connection, run: i64) -> rusqlite::Result<Self> {
        let verdict = "case when judged_rule is null then misuse else judged end as verdict";
        let sql = format!(
            "select kiosk.no as kiosk, event.replaces as replaces, {verdict} \
             from old_event as event join kiosk on kiosk.id = event.kiosk \
             where event.run = ?1 and event.replaces is not null \
             union all select event.kiosk, event.replaces, {verdict} \
             from run cross join event on event.kiosk = run.kiosk and event.run = run.no \
             where run.no = ?1 and event.replaces is not null"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([run])?;
        let mut replaced = Self::default();
        while let Some(row) = rows.next()? {
            let key = (row.get("kiosk")?, row.get("replaces")?);
            replaced.0.entry(key).or_default().push(row.get("verdict")?);
        }
        Ok(replaced)
    }

    /// The verdicts on what replaces a press.
    pub(super) fn by(&self, kiosk: i64, n: u32) -> Vec<Option<String>> {
        self.0.get(&(kiosk, n)).cloned().unwrap_or_default()
    }
}

/// A press that is taken over, without what replaces it.
pub(super) fn stored(
    connection: &Connection,
    kiosk: i64,
    run: i64,
    n: u32,
) -> rusqlite::Result<Option<Press>> {
    let sql = "select score, line, hour, scale, \
               case when judged_rule is null then misuse else judged end as verdict \
               from event left join line on line.no = event.line \
               where kiosk = ? and run = ? and n = ?";
    let read = |row: &Row<'_>| {
        let small = |column| -> rusqlite::Result<Option<u8>> {
            Ok(row.get::<_, Option<i64>>(column)?.and_then(|number| u8::try_from(number).ok()))
        };
        Ok(Press {
            score: small("score")?,
            scale: small("scale")?.filter(|faces| *faces > 0),
            line: row.get("line")?,
            misuse: row.get("verdict")?,
            later: Vec::new(),
            hour: row.get("hour")?,
        })
    };
    connection.prepare_cached(sql)?.query_row(params![kiosk, run, n], read).optional()
}
