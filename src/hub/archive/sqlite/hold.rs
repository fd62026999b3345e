//! Holds the archive still, so that not even a hub that runs already can write into it.

use crate::hub::archive::error::HELD;

const KINDS: [&str; 3] = ["insert", "update", "delete"];

/// Statements after which nothing can be written into these tables.
pub(super) fn hold(tables: &[&str]) -> Vec<String> {
    each(tables, |table, kind| {
        format!(
            "create trigger held_{table}_{kind} before {kind} on {table} begin select \
             raise(abort, '{HELD}'); end"
        )
    })
}

/// Statements after which it can be again.
pub(super) fn release(tables: &[&str]) -> Vec<String> {
    each(tables, |table, kind| format!("drop trigger held_{table}_{kind}"))
}

fn each(tables: &[&str], statement: impl Fn(&str, &str) -> String) -> Vec<String> {
    let pairs = tables.iter().flat_map(|table| KINDS.iter().map(move |kind| (table, kind)));
    pairs.map(|(table, kind)| statement(table, kind)).collect()
}
