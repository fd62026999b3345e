//! The tables that are copied, each with its columns and its key.
//!
//! A test compares them with the tables of both engines.

use crate::hub::archive::tx::Filled;
use crate::hub::archive::tx::Stored::{self, Big, Bytes, Int, Small, Text};

/// A table, and how it is read in pages.
#[derive(Debug)]
pub(in crate::hub::archive) struct Table {
    /// Its name and its columns.
    pub(in crate::hub::archive) filled: Filled,
    /// Its primary key, by which it is read.
    pub(in crate::hub::archive) key: &'static [&'static str],
    /// Which of its rows belong to the archive and not to the engine, if not all do.
    pub(in crate::hub::archive) only: Option<&'static str>,
    /// The column whose numbers PostgreSQL gives out.
    pub(in crate::hub::archive) rises: Option<&'static str>,
    /// Whether a row of it may be many times as large as others.
    pub(in crate::hub::archive) is_heavy: bool,
}

impl Table {
    const fn of(
        table: &'static str,
        key: &'static [&'static str],
        columns: &'static [(&'static str, Stored)],
    ) -> Self {
        let filled = Filled { table, columns };
        Self { filled, key, only: None, rises: None, is_heavy: false }
    }

    const fn only(self, only: &'static str) -> Self {
        Self { only: Some(only), ..self }
    }

    const fn rising(self, column: &'static str) -> Self {
        Self { rises: Some(column), ..self }
    }

    const fn heavy(self) -> Self {
        Self { is_heavy: true, ..self }
    }

    pub(in crate::hub::archive) const fn name(&self) -> &'static str {
        self.filled.table
    }
}

/// What an archive that was just made holds already, and gives up for what is copied.
pub(in crate::hub::archive) const MADE: [&str; 2] = ["meta", "feed"];

/// Tables whose content belongs to the place and not to the archive: they are not copied.
pub(in crate::hub::archive) const OF_PLACE: [&str; 3] = ["rehearsal", "secret", "transfer"];

/// Every other table. What a foreign key leads to comes before what it comes from.
pub(in crate::hub::archive) static TABLES: [Table; 34] = [
    Table::of("meta", &["key"], &[("key", Text), ("value", Big)]).only("key <> 'schema'"),
    Table::of(
        "shop",
        &["no"],
        &[
            ("no", Int),
            ("id", Text),
            ("name", Text),
            ("zone", Text),
            ("shop_group", Text),
            ("hours", Text),
            ("closed_on", Text),
            ("desk_pin", Text),
        ],
    )
    .rising("no"),
    Table::of(
        "shop_then",
        &["shop", "from_ms"],
        &[
            ("shop", Int),
            ("from_ms", Big),
            ("name", Text),
            ("zone", Text),
            ("shop_group", Text),
            ("hours", Text),
        ],
    ),
    Table::of(
        "kiosk",
        &["no"],
        &[
            ("no", Int),
            ("id", Text),
            ("shop", Int),
            ("touchpoint", Text),
            ("name", Text),
            ("retired_ms", Big),
            ("pin_number", Big),
            ("pin_hash", Text),
            ("wants_token", Small),
        ],
    )
    .rising("no"),
    Table::of(
        "stay",
        &["kiosk", "from_ms"],
        &[("kiosk", Int), ("from_ms", Big), ("to_ms", Big), ("shop", Int), ("touchpoint", Text)],
    ),
    Table::of(
        "correction",
        &["no"],
        &[("no", Int), ("said_ms", Big), ("shop", Int), ("kiosk", Int), ("what", Text)],
    )
    .rising("no"),
    Table::of(
        "code",
        &["hash"],
        &[("hash", Bytes), ("kiosk", Int), ("expires_ms", Big), ("spent_ms", Big)],
    ),
    Table::of(
        "token",
        &["hash"],
        &[
            ("hash", Bytes),
            ("kiosk", Int),
            ("made_ms", Big),
            ("revoked_ms", Big),
            ("is_next", Small),
            ("follows", Bytes),
            ("verify_key", Bytes),
            ("is_superseded", Small),
        ],
    ),
    Table::of(
        "survey",
        &["publication"],
        &[
            ("publication", Big),
            ("published_ms", Big),
            ("shop_group", Text),
            ("shop", Int),
            ("touchpoint", Text),
            ("content", Text),
        ],
    )
    .rising("publication")
    .heavy(),
    Table::of(
        "published",
        &["publication", "question", "version", "scale"],
        &[("publication", Big), ("question", Text), ("version", Big), ("scale", Small)],
    ),
    Table::of("guess", &["net"], &[("net", Text), ("wrong", Int), ("since_ms", Big)]),
    Table::of(
        "line",
        &["no"],
        &[("no", Int), ("question", Text), ("version", Big), ("scale", Small)],
    )
    .rising("no"),
    Table::of("choice", &["no"], &[("no", Int), ("follow_up", Text), ("answer", Text)])
        .rising("no"),
    Table::of("claim", &["run"], &[("run", Bytes), ("no", Int), ("kiosk", Int)]).rising("no"),
    Table::of(
        "book",
        &["kiosk"],
        &[
            ("kiosk", Int),
            ("seq", Int),
            ("stored", Big),
            ("taken", Big),
            ("waiting", Big),
            ("set_aside", Big),
            ("lost", Big),
            ("given_up", Big),
            ("last_contact_ms", Big),
            ("app", Text),
            ("publication", Big),
            ("survey_complaint", Text),
            ("zone", Text),
            ("zone_rules", Text),
            ("ahead_ms", Big),
            ("is_ahead_by_ntp", Small),
            ("address", Text),
            ("move_complaint", Text),
            ("findings", Text),
            ("hours", Text),
            ("live_run", Bytes),
            ("returns", Big),
            ("epoch", Big),
            ("epoch_drawn_ms", Big),
            ("spent_day", Int),
            ("spent_bytes", Big),
        ],
    ),
    Table::of("given", &["kiosk", "publication"], &[("kiosk", Int), ("publication", Big)]),
    Table::of(
        "carried",
        &["kiosk", "nonce"],
        &[("kiosk", Int), ("nonce", Text), ("taken_ms", Big), ("receipt", Text)],
    )
    .heavy(),
    Table::of(
        "boot",
        &["kiosk", "no"],
        &[
            ("kiosk", Int),
            ("no", Int),
            ("uuid", Bytes),
            ("first_run", Int),
            ("began_ms", Big),
            ("ended_ms", Big),
        ],
    ),
    Table::of(
        "anchor",
        &["kiosk", "boot", "boot_ms", "source"],
        &[
            ("kiosk", Int),
            ("boot", Int),
            ("boot_ms", Big),
            ("utc_ms", Big),
            ("error_ms", Big),
            ("source", Text),
        ],
    ),
    Table::of(
        "run",
        &["kiosk", "no"],
        &[("kiosk", Int), ("no", Int), ("uuid", Bytes), ("boot", Int), ("taken", Big)],
    ),
    Table::of("past_run", &["kiosk", "run"], &[("kiosk", Int), ("run", Bytes)]),
    Table::of(
        "refused",
        &["kiosk", "run", "n"],
        &[("kiosk", Int), ("run", Bytes), ("n", Big), ("reason", Text), ("received_ms", Big)],
    ),
    Table::of(
        "lost",
        &["kiosk", "run", "first_n"],
        &[("kiosk", Int), ("run", Int), ("first_n", Big), ("last_n", Big)],
    ),
    Table::of(
        "gone",
        &["kiosk", "run", "first_n"],
        &[
            ("kiosk", Int),
            ("run", Int),
            ("first_n", Int),
            ("last_n", Int),
            ("why", Small),
            ("seq", Int),
        ],
    ),
    Table::of(
        "event",
        &["kiosk", "run", "n"],
        &[
            ("kiosk", Int),
            ("run", Int),
            ("n", Int),
            ("seq", Int),
            ("boot_ms", Big),
            ("wall_ms", Big),
            ("utc_ms", Big),
            ("hour", Int),
            ("line", Int),
            ("replaces", Big),
            ("rating_n", Big),
            ("kind", Small),
            ("score", Small),
            ("input", Small),
            ("rule", Int),
            ("judged_rule", Int),
            ("is_exact", Small),
            ("digest", Bytes),
            ("other_kind", Text),
            ("other_input", Text),
            ("language", Text),
            ("misuse", Text),
            ("judged", Text),
            ("earliest_ms", Big),
            ("latest_ms", Big),
            ("follow_up", Text),
            ("outcome", Text),
            ("answer", Text),
            ("about", Text),
            ("note", Text),
            ("said", Text),
            ("step", Text),
            ("mends_run", Text),
            ("mends_n", Big),
            ("extra", Text),
        ],
    ),
    Table::of(
        "conflict",
        &["kiosk", "run", "n", "digest"],
        &[
            ("kiosk", Int),
            ("run", Int),
            ("n", Int),
            ("digest", Bytes),
            ("received_ms", Big),
            ("content", Text),
        ],
    )
    .heavy(),
    Table::of(
        "delivery",
        &["kiosk", "seq"],
        &[
            ("kiosk", Int),
            ("seq", Int),
            ("received_ms", Big),
            ("added", Int),
            ("touched", Text),
            ("pos", Big),
        ],
    )
    .heavy(),
    Table::of(
        "redating",
        &["kiosk"],
        &[("kiosk", Int), ("run", Int), ("n", Int), ("last_run", Int)],
    ),
    Table::of(
        "tally",
        &["kiosk", "hour", "line"],
        &[
            ("kiosk", Int),
            ("hour", Int),
            ("line", Int),
            ("f1", Int),
            ("f2", Int),
            ("f3", Int),
            ("f4", Int),
            ("f5", Int),
            ("misuse", Int),
            ("replaced", Int),
            ("bounded", Int),
            ("unknown", Int),
            ("late", Int),
            ("unread", Int),
        ],
    ),
    Table::of(
        "tally_day",
        &["kiosk", "day", "line"],
        &[
            ("kiosk", Int),
            ("day", Int),
            ("line", Int),
            ("f1", Int),
            ("f2", Int),
            ("f3", Int),
            ("f4", Int),
            ("f5", Int),
            ("misuse", Int),
            ("replaced", Int),
            ("bounded", Int),
            ("unknown", Int),
            ("late", Int),
            ("unread", Int),
            ("revision", Int),
        ],
    ),
    Table::of(
        "tally_reason",
        &["kiosk", "hour", "line", "face", "choice"],
        &[
            ("kiosk", Int),
            ("hour", Int),
            ("line", Int),
            ("face", Small),
            ("choice", Int),
            ("times", Int),
        ],
    ),
    Table::of("feed", &["part"], &[("part", Int), ("pos", Big)]),
    Table::of(
        "work",
        &["part", "kind", "subject"],
        &[
            ("part", Int),
            ("kind", Text),
            ("subject", Text),
            ("since_ms", Big),
            ("wanted", Big),
            ("due_ms", Big),
            ("taken_until_ms", Big),
            ("reached", Text),
            ("tries", Int),
            ("done_ms", Big),
            ("failed", Text),
        ],
    ),
    Table::of("moving", &["one"], &[("one", Int), ("address", Text)]),
];
