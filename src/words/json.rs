//! What is wrong with JSON that another program sent.

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::{Form, cut, of_value};

/// Reads JSON; where it cannot be read, says where, what is there, and what is needed.
///
/// # Errors
/// A part of a sentence that goes after "cannot be read: ", without any library's words.
pub fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    match serde_path_to_error::deserialize(&mut reader) {
        Ok(value) => reader.end().map(|()| value).map_err(|error| told("", &error, text)),
        Err(error) => {
            let path = error.path().to_string();
            Err(told(&path, error.inner(), text))
        }
    }
}

/// What is wrong, from what the library says of it.
fn told(path: &str, error: &serde_json::Error, text: &[u8]) -> String {
    if text.iter().all(u8::is_ascii_whitespace) {
        return "it is empty, and JSON is needed".to_owned();
    }
    let said = error.to_string();
    match error.classify() {
        Category::Eof => "it ends in the middle".to_owned(),
        Category::Data => of_data(path, &said),
        // A text in memory has no other errors.
        Category::Syntax | Category::Io => of_syntax(error, &said, text),
    }
}

/// What is wrong with a value that is JSON.
fn of_data(path: &str, said: &str) -> String {
    let what = of_value(said.rsplit_once(" at line ").map_or(said, |(what, _)| what), Form::Json);
    let is_named = what.ends_with(" is missing") || what.ends_with(" is there twice");
    match path {
        "" | "." if is_named => what,
        "" | "." => format!("it {what}"),
        path if is_named => format!("in {}, {what}", cut(path)),
        path => format!("{} {what}", cut(path)),
    }
}

/// What is wrong with what is no JSON, and where.
fn of_syntax(error: &serde_json::Error, said: &str, text: &[u8]) -> String {
    let (line, column) = (error.line(), error.column());
    let has = |part: &str| said.contains(part);
    let what = if has("recursion limit") {
        "there are too many brackets within each other"
    } else if has("number out of range") {
        "the number is too large"
    } else if has("trailing characters") {
        "something stands after the end"
    } else if has("trailing comma") {
        "there is a comma after the last value"
    } else if has("key must be a string") {
        "the name of a field stands in quotes"
    } else if has("control character") {
        "a text has a line break or a control character in it"
    } else if has("escape") || has("surrogate") {
        "a text has a \\ in it that means nothing"
    } else if has("code point") || has("UTF") {
        "a text is not UTF-8"
    } else if has("number") {
        "this is no number"
    } else if has("`:`") {
        "the name of a field and its value have a : between them"
    } else if has("`,`") {
        "two values have a comma between them"
    } else {
        "this is no JSON"
    };
    let at = text.split(|byte| *byte == b'\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let near = at.get(column.saturating_sub(1).min(at.len())..).unwrap_or_default();
    // The longest character has four bytes.
    let near = near.get(..near.len().min(80)).unwrap_or_default();
    let shown: String = String::from_utf8_lossy(near).chars().take(20).collect();
    match shown.as_str() {
        "" => format!("line {line}, column {column}: {what}"),
        shown => format!("line {line}, column {column}, at {shown:?}: {what}"),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only whether it can be read is asked")]
    struct Shape {
        name: String,
        count: u32,
        runs: Vec<Inner>,
        #[serde(default)]
        is_on: Option<bool>,
        any: Option<serde_json::Value>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only whether it can be read is asked")]
    struct Inner {
        n: u64,
        kind: Word,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        One,
        Two,
    }

    #[test]
    fn what_is_wrong_is_said_with_the_field_and_without_a_librarys_words() {
        let long = "x".repeat(100_000);
        let with = |part: &str| {
            format!("{{\"name\":\"a\",\"count\":1,\"runs\":[{{\"n\":1,\"kind\":\"one\"}}]{part}}}")
        };
        for (text, expected) in [
            (String::new(), "it is empty, and JSON is needed"),
            (" \n".to_owned(), "it is empty, and JSON is needed"),
            ("{\"name\":".to_owned(), "it ends in the middle"),
            ("{}".to_owned(), "name is missing"),
            ("[]".to_owned(), "it is a list of 0, and an object in { } is needed"),
            ("null".to_owned(), "it is null, and an object in { } is needed"),
            ("\"x\"".to_owned(), "it is the text \"x\", and an object in { } is needed"),
            ("{\"name\":7}".to_owned(), "name is the number 7, and a text in quotes is needed"),
            (
                "{\"count\":-1}".to_owned(),
                "count is the number -1, and a whole number from 0 to 4294967295 is needed",
            ),
            (
                "{\"count\":1.5}".to_owned(),
                "count is the number 1.5, and a whole number from 0 to 4294967295 is needed",
            ),
            ("{\"runs\":{}}".to_owned(), "runs is an object, and a list in [ ] is needed"),
            ("{\"runs\":[{\"n\":1}]}".to_owned(), "in runs[0], kind is missing"),
            (
                "{\"runs\":[{\"n\":1,\"kind\":\"six\"}]}".to_owned(),
                "runs[0].kind \"six\" is none of \"one\", \"two\"",
            ),
            (with(",\"name\":\"b\""), "name is there twice"),
            (
                with(",\"is_on\":1"),
                "is_on is the number 1, and true or false, without quotes, is needed",
            ),
            (with("") + "x", "line 1, column 53, at \"x\": something stands after the end"),
            (with(","), "at \"}\": there is a comma after the last value"),
            ("{\n name: 1}".to_owned(), "the name of a field stands in quotes"),
            ("hello".to_owned(), "line 1, column 1"),
            ("{\"name\" 1}".to_owned(), "have a : between them"),
            ("{\"count\":1e999}".to_owned(), "the number is too large"),
            ("{\"count\":01}".to_owned(), "this is no number"),
            ("{\"name\":\"a\nb\"}".to_owned(), "a line break or a control character"),
            ("{\"name\":\"\\x\"}".to_owned(), "a \\ in it that means nothing"),
            (format!("{{\"any\":{}", "[".repeat(500)), "too many brackets within each other"),
            (format!("{{\"count\":\"{long}\"}}"), "count is the text \"xxx"),
        ] {
            let told = read::<Shape>(text.as_bytes()).unwrap_err();
            assert!(told.contains(expected), "{:.60}: {told:.300}", text);
            assert!(told.len() < 300, "{told:.400}");
            for foreign in ["serde", "invalid", "expected", "EOF", "field `", "struct", "u32"] {
                assert!(!told.contains(foreign), "{told}");
            }
        }
        let told = read::<Shape>(b"{\"name\":\"\xff\"}").unwrap_err();
        assert!(told.contains("is not UTF-8"), "{told}");
        assert!(read::<Shape>(with("").as_bytes()).is_ok());
    }
}
