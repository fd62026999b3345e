//! The data dictionary says what the exports have.

use serde::Serialize;
use smilepost::escape::{Dialect, Table};
use smilepost::feedback::event::Kind;
use smilepost::feedback::verdict::Reason;
use smilepost::wire::days::Row;
use smilepost::wire::local::Exported;
use smilepost::wire::report::Reported;

const DICTIONARY: &str = include_str!("../../docs/data.md");

/// The columns that the dictionary has under a heading, in its order.
fn described(heading: &str) -> Vec<&'static str> {
    let (_, section) = DICTIONARY.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let column = |line: &'static str| line.strip_prefix("| `")?.split_once("` | ");
    section.lines().filter_map(column).map(|(column, _)| column).collect()
}

/// The columns of a table of such rows, without the one that every table ends with.
fn written(example: &impl Serialize) -> Vec<String> {
    let table = Table::new(Vec::new(), Dialect::PLAIN, example).unwrap().finish().unwrap();
    let heading = String::from_utf8(table).unwrap();
    let columns = heading.trim_end().strip_suffix(",defused").unwrap();
    columns.split(',').map(str::to_owned).collect()
}

#[test]
fn the_dictionary_has_every_column_of_every_export_and_no_other() {
    assert_eq!(written(&Exported::default()), described("Events of a kiosk"));
    assert_eq!(written(&Reported::default()), described("Events of all kiosks"));
    assert_eq!(written(&Row::default()), described("Days of a shop"));
}

#[test]
fn the_dictionary_has_every_word_that_a_column_can_have() {
    let row = |column: &str| {
        let start = format!("| `{column}` | ");
        DICTIONARY.lines().find_map(|line| line.strip_prefix(&start)).unwrap()
    };
    use smilepost::feedback::{answer::FollowUp, call::Called, note::About, rating::Input};
    let words = [
        ("kind", Kind::ALL.map(Kind::name).to_vec()),
        ("misuse", Reason::ALL.map(Reason::name).to_vec()),
        ("input", Input::ALL.map(Input::name).to_vec()),
        ("follow_up", FollowUp::ALL.map(FollowUp::name).to_vec()),
        ("about", About::ALL.map(About::name).to_vec()),
        ("step", Called::ALL.map(Called::name).to_vec()),
    ];
    for (column, words) in words {
        for word in words {
            assert!(row(column).contains(&format!("`{word}`")), "{column}: {word} is missing");
        }
    }
}
