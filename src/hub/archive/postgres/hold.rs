//! Holds the archive still, so that not even a hub that runs already can write into it.

use crate::hub::archive::error::HELD;

/// Citus takes triggers on tables that are spread over several servers only if it is told so, and
/// changes tables that refer to each other only one after the other. Elsewhere nobody asks for
/// these settings.
const SPREAD: [&str; 2] = [
    "set local citus.enable_unsafe_triggers = on",
    "set local citus.multi_shard_modify_mode = 'sequential'",
];

/// Every delivery takes a lock here first: so none is half way when the other tables are locked.
const FIRST: &str = "lock table book in exclusive mode";

/// Statements after which nothing can be written into these tables. They wait until what writes
/// there has ended.
pub(super) fn hold(tables: &[&str]) -> Vec<String> {
    let held = tables.iter().map(|table| {
        format!(
            "create trigger held_still before insert or update or delete on {table} \
             for each statement execute function held_still()"
        )
    });
    let function = format!(
        "create function held_still() returns trigger language plpgsql as \
         $held$ begin raise exception '{HELD}'; end $held$"
    );
    settings().chain([FIRST.to_owned(), function]).chain(held).collect()
}

/// Statements after which it can be again.
pub(super) fn release(tables: &[&str]) -> Vec<String> {
    let released = tables.iter().map(|table| format!("drop trigger held_still on {table}"));
    settings().chain(released).chain(["drop function held_still()".to_owned()]).collect()
}

fn settings() -> impl Iterator<Item = String> {
    SPREAD.into_iter().map(str::to_owned)
}

/// The statement after which the numbers of this column go on after the highest one.
pub(super) fn go_on(table: &str, column: &str) -> String {
    format!(
        "select setval(pg_get_serial_sequence('{table}', '{column}'), \
         coalesce(max({column}), 0) + 1, false) as next from {table}"
    )
}
