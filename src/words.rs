//! What is wrong with a text that somebody wrote, in words for that person: those of the libraries
//! are for programmers, who know what a variant and an `u32` are. TOML is a file that a person
//! wrote; JSON is what a program sent, whose log a person reads.

pub mod json;

/// The most keys that are listed where one is unknown.
const KNOWN_MAX: usize = 40;

/// The most characters that are repeated of a value or a name: whoever reads knows it by these.
const SHOWN_MAX: usize = 60;

/// How a text is written, which decides what a list or a table is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A configuration file.
    Toml,
    /// What a program sent or kept.
    Json,
}

/// What is wrong with a value, from what serde says of it.
#[must_use]
pub fn of_value(said: &str, form: Form) -> String {
    let said = said.lines().next().unwrap_or_default();
    if let Some((name, known)) = named(said, "unknown field ") {
        let known = listed(known);
        let near = nearest(name, &known).map(|near| format!(" did you mean {near}?"));
        let near = near.unwrap_or_default();
        return match known.as_slice() {
            [] => "unknown key: none may be here".to_owned(),
            known if known.len() <= KNOWN_MAX => {
                format!("unknown key;{near} known here: {}", known.join(", "))
            }
            _ => format!("unknown key;{near}"),
        };
    }
    if let Some((name, known)) = named(said, "unknown variant ") {
        let known: Vec<String> = listed(known).iter().map(|word| format!("{word:?}")).collect();
        return format!("{:?} is none of {}", cut(name), known.join(", "));
    }
    if let Some((name, _)) = named(said, "missing field ") {
        return format!("{name} is missing");
    }
    if let Some((name, _)) = named(said, "duplicate field ") {
        return format!("{name} is there twice");
    }
    if let Some((found, expected)) =
        said.strip_prefix("invalid length ").and_then(|rest| rest.rsplit_once(", expected "))
    {
        return format!("is a list of {found}, and {} is needed", needed(expected, form));
    }
    let wrong = ["invalid type: ", "invalid value: "];
    // What was found may have such words in it, what is expected has not.
    if let Some((found, expected)) =
        wrong.iter().find_map(|start| said.strip_prefix(start)?.rsplit_once(", expected "))
    {
        let (found, expected) = (is_found(found, form), needed(expected, form));
        return format!("is {found}, and {expected} is needed");
    }
    said.to_owned()
}

/// What is wrong with a file that is no TOML, from what the parser says of it and where.
#[must_use]
pub fn of_syntax(text: &str, said: &str, at: usize) -> String {
    let before = text.get(..at.min(text.len())).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let shown = text.lines().nth(line - 1).unwrap_or_default().trim();
    let cut: String = without_password(shown).chars().take(80).collect();
    let has = |part: &str| said.contains(part);
    let what = if has("duplicate key") {
        "this name is there already; each key and each [table] stands once"
    } else if has("quoted") || has("unquoted") {
        "a text stands in quotes, as in brand = \"Kallio\""
    } else if has("unclosed") || has("expected `]`") || has("expected `\"`") || has("expected `}`")
    {
        "a quote or a bracket that was opened is not closed"
    } else if has("key with no value") || has("expected `=`") {
        "a key has = and a value after it, and a table's name stands in [ ]"
    } else if has("missing value") || has("no value") || has("expected value") {
        "the value is missing after ="
    } else if has("unexpected") || has("extra") || has("newline") {
        "something stands there that does not belong there; each key has a line of its own"
    } else {
        "a key is written as in idle_s = 300, a text in quotes, a table's name in [ ]"
    };
    format!("line {line}, column {column} cannot be understood: {cut:?}; {what}")
}

/// A line without the password of an address of a database, which a log is no place for. Where it
/// ends is not known of an address that is not whole, so it is taken to be long.
fn without_password(line: &str) -> String {
    let user = line.split_once("postgres").and_then(|(_, rest)| rest.split_once("://"));
    let Some((_, password)) = user.and_then(|(_, rest)| rest.split_once(':')) else {
        return line.to_owned();
    };
    let before = line.strip_suffix(password).unwrap_or_default();
    let after = password.rfind('@').and_then(|at| password.get(at..)).unwrap_or_default();
    format!("{before}…{after}")
}

/// The name in backquotes after `start`, and the rest of the sentence.
fn named<'a>(said: &'a str, start: &str) -> Option<(&'a str, &'a str)> {
    said.strip_prefix(start)?.strip_prefix('`')?.split_once('`')
}

/// Every word in backquotes.
fn listed(rest: &str) -> Vec<&str> {
    rest.split('`').skip(1).step_by(2).collect()
}

/// The known word that somebody may have meant.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let by_distance = known.iter().map(|word| (distance(name, word), *word));
    let near = by_distance.min().filter(|(distance, word)| *distance <= word.len().div_ceil(3));
    near.map(|(_, word)| word)
}

/// How many letters have to be changed, added or left out.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().take(64).enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (b, above) in other.iter().zip(row.iter().skip(1)) {
            let changed = corner + usize::from(a != *b);
            corner = *above;
            left = changed.min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// The beginning of a value, as somebody may have sent it by the megabyte.
fn cut(value: &str) -> String {
    let mut shown: String = value.chars().take(SHOWN_MAX).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    shown
}

fn is_found(found: &str, form: Form) -> String {
    let kinds = [
        ("string ", "the text "),
        ("integer ", "the number "),
        ("floating point ", "the number "),
        ("boolean ", ""),
        ("character ", "the text "),
    ];
    for (kind, word) in kinds {
        if let Some(value) = found.strip_prefix(kind) {
            return format!("{word}{}", cut(&value.replace('`', "")));
        }
    }
    match (found, form) {
        ("sequence", _) => "a list".to_owned(),
        ("map", Form::Toml) => "a table, or a date without quotes".to_owned(),
        ("map", Form::Json) => "an object".to_owned(),
        ("null", _) | ("unit value" | "Option value", Form::Json) => "null".to_owned(),
        ("unit value" | "Option value", Form::Toml) => "nothing".to_owned(),
        (other, _) => cut(other),
    }
}

fn needed(expected: &str, form: Form) -> String {
    let whole = |bits: u32| format!("a whole number from 0 to {}", (1_u128 << bits) - 1);
    match expected {
        "u8" => whole(8),
        "u16" => whole(16),
        "u32" => whole(32),
        "u64" | "usize" => "a whole number from 0 on".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "i128" | "u128" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" | "bool" => "true or false, without quotes,".to_owned(),
        "a string" | "path string" | "a borrowed string" | "string or map" => {
            "a text in quotes".to_owned()
        }
        "a sequence" => "a list in [ ]".to_owned(),
        "a map" if form == Form::Toml => "a table".to_owned(),
        "a map" => "an object in { }".to_owned(),
        other if other.starts_with("struct ") || other.starts_with("a table") => match form {
            Form::Toml => "a table with keys of its own".to_owned(),
            Form::Json => "an object in { }".to_owned(),
        },
        other if other.starts_with("a nonzero ") => "a whole number from 1 on".to_owned(),
        other => other.replace('`', "\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_a_library_is_left() {
        for (said, told) in [
            (
                "unknown field `data_dri`, expected one of `data_dir`, `listen`",
                "unknown key; did you mean data_dir? known here: data_dir, listen",
            ),
            ("unknown field `x`, expected `listen`", "unknown key; known here: listen"),
            ("unknown field `x`, there are no fields", "unknown key: none may be here"),
            (
                "unknown variant `neon`, expected one of `light`, `dark`",
                "\"neon\" is none of \"light\", \"dark\"",
            ),
            ("unknown variant `a`, expected `b` or `c`", "\"a\" is none of \"b\", \"c\""),
            ("missing field `id`", "id is missing"),
            (
                "invalid type: string \"long\", expected u32",
                "is the text \"long\", and a whole number from 0 to 4294967295 is needed",
            ),
            (
                "invalid value: integer `-1`, expected u16",
                "is the number -1, and a whole number from 0 to 65535 is needed",
            ),
            (
                "invalid type: floating point `5.5`, expected u8",
                "is the number 5.5, and a whole number from 0 to 255 is needed",
            ),
            (
                "invalid type: integer `1`, expected a boolean",
                "is the number 1, and true or false, without quotes, is needed",
            ),
            (
                "invalid type: boolean `true`, expected a string",
                "is true, and a text in quotes is needed",
            ),
            (
                "invalid type: sequence, expected a string",
                "is a list, and a text in quotes is needed",
            ),
            (
                "invalid type: string \"x\", expected struct LimitsPart",
                "is the text \"x\", and a table with keys of its own is needed",
            ),
            (
                "invalid type: string \"a, expected b\", expected a sequence",
                "is the text \"a, expected b\", and a list in [ ] is needed",
            ),
        ] {
            assert_eq!(of_value(said, Form::Toml), told);
        }
    }
}
