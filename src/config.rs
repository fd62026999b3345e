//! Reads a program's TOML file and reports all complaints together.
//!
//! serde stops at the first error. An installer on a ladder wants the whole list, so the invalid
//! key is noted and removed and the rest is read again, until no complaint is left. Both programs
//! read their files through here, which is why it is a room of its own beside `clock`.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::file;
use crate::owner;
use crate::words::{self, Form};

/// Reading stops after this many complaints; no file of ours has more keys.
const COMPLAINTS_MAX: usize = 100;

/// Everything that is wrong with a configuration file.
#[derive(Debug, PartialEq, Eq)]
pub struct Complaints {
    file: PathBuf,
    list: Vec<String>,
}

impl Complaints {
    /// No complaints about this file, so far.
    #[must_use]
    pub fn about(file: &Path) -> Self {
        Self { file: file.to_owned(), list: Vec::new() }
    }

    /// Adds a complaint: the key, what is wrong with it, and what is allowed.
    pub fn add(&mut self, key: &str, what: impl fmt::Display) {
        self.list.push(format!("{key}: {what}"));
    }

    /// Adds the complaint unless `is_fine`.
    pub fn unless(&mut self, is_fine: bool, key: &str, what: impl fmt::Display) {
        if !is_fine {
            self.add(key, what);
        }
    }

    /// Adds a complaint for each unknown key that the shape itself ignores.
    fn unknown<T: DeserializeOwned>(&mut self, table: toml::Table) {
        let mut keys = Vec::new();
        let note = |path: serde_ignored::Path<'_>| keys.push(path.to_string());
        // The table was read without errors before, so this finds unknown keys only.
        let _ = serde_ignored::deserialize::<_, _, T>(toml::Value::Table(table), note);
        for key in keys {
            self.add(&key, "unknown key");
        }
    }

    /// Adds complaints that already name their keys; `place` is written before each.
    pub fn take(&mut self, list: &[String], place: &str) {
        self.list.extend(list.iter().map(|complaint| format!("{place}{complaint}")));
    }

    /// Returns the value if there are no complaints.
    ///
    /// # Errors
    /// The complaints themselves.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.list.is_empty() { Ok(value) } else { Err(self) }
    }

    /// The complaints, each beginning with its key.
    #[must_use]
    pub fn list(&self) -> &[String] {
        &self.list
    }
}

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.list.len();
        let noun = if count == 1 { "complaint" } else { "complaints" };
        write!(f, "{count} {noun} about {}", self.file.display())?;
        self.list.iter().try_for_each(|complaint| write!(f, "\n  {complaint}"))
    }
}

impl std::error::Error for Complaints {}

/// The largest file, in bytes.
const FILE_BYTES_MAX: u64 = 1_024 * 1_024;

fn read_to_limit(file: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let read = File::open(file)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    match u64::try_from(read) {
        Ok(..=FILE_BYTES_MAX) => Ok(text),
        _ => Err(std::io::Error::other(format!("it is larger than {FILE_BYTES_MAX} bytes"))),
    }
}

/// Why a file cannot be read, and what to do. A file that is closed is never said to be missing.
fn unreadable(file: &Path, error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => {
            "is not there: check its name and its folder; the package has an example to edit, and \
             --config names another configuration"
                .to_owned()
        }
        ErrorKind::PermissionDenied => format!(
            "may not be read by {}: type `sudo` before the command, or `sudo chmod a+r {}`",
            owner::acting_name(),
            file.display()
        ),
        _ => format!("cannot be read: {}", file::told(error)),
    }
}

/// Reads a file into its shape, and collects everything invalid as complaints.
///
/// Invalid keys keep their defaults, so that the caller can go on to check the values of the others
/// and report everything together.
///
/// # Errors
/// The complaints, when the file cannot be read or is not TOML at all.
pub fn read<T: DeserializeOwned + Default>(file: &Path) -> Result<(T, Complaints), Complaints> {
    let mut complaints = Complaints::about(file);
    let text = match read_to_limit(file) {
        Ok(text) => text,
        Err(error) => {
            complaints.list.push(unreadable(file, &error));
            return Err(complaints);
        }
    };
    let mut table = match text.parse::<toml::Table>() {
        Ok(table) => table,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            complaints.list.push(words::of_syntax(&text, error.message(), at));
            return Err(complaints);
        }
    };
    while complaints.list.len() < COMPLAINTS_MAX {
        let error = match serde_path_to_error::deserialize(toml::Value::Table(table.clone())) {
            Ok(shape) => {
                complaints.unknown::<T>(table);
                return Ok((shape, complaints));
            }
            Err(error) => error,
        };
        let key = error.path().to_string();
        complaints.add(&key, words::of_value(&error.inner().to_string(), Form::Toml));
        if !remove(&mut table, &key) {
            break;
        }
    }
    Ok((T::default(), complaints))
}

/// Writes a shape as TOML, as [`read`] reads it.
///
/// # Errors
/// When TOML cannot represent a value in it.
pub fn write<T: serde::Serialize>(
    shape: &T,
) -> Result<String, impl std::error::Error + Send + Sync + use<T>> {
    toml::to_string_pretty(shape)
}

/// Removes the key at a path such as `questions[1].scale` from the table; an array of plain values,
/// as at `buttons.lines[1]`, is removed as a whole.
fn remove(table: &mut toml::Table, path: &str) -> bool {
    let (head, rest) = path.split_once('.').unwrap_or((path, ""));
    let (key, index) = head.split_once('[').unwrap_or((head, ""));
    let index: Option<usize> = index.trim_end_matches(']').parse().ok();
    let inner = match (table.get_mut(key), index) {
        _ if rest.is_empty() => None,
        (Some(toml::Value::Table(inner)), None) => Some(inner),
        (Some(toml::Value::Array(list)), Some(at)) => {
            list.get_mut(at).and_then(toml::Value::as_table_mut)
        }
        _ => None,
    };
    match inner {
        Some(inner) => remove(inner, rest),
        None => table.remove(key).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default, deny_unknown_fields)]
    struct Shape {
        name: String,
        inner: Inner,
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default, deny_unknown_fields)]
    struct Inner {
        lines: Vec<u32>,
        debounce_ms: u32,
    }

    fn read_text(text: &str) -> Result<(Shape, Complaints), Complaints> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.toml");
        std::fs::write(&file, text).unwrap();
        read(&file)
    }

    #[test]
    fn all_complaints_come_at_once_and_the_rest_is_read() {
        let text =
            "nmae = 'a'\nname = 'b'\n[inner]\nlines = [1, 'two']\ndebounce = 5\n[outer]\nx = 1";
        let (shape, complaints) = read_text(text).unwrap();
        assert_eq!(shape.name, "b");
        let keys: Vec<&str> =
            complaints.list().iter().filter_map(|complaint| complaint.split(':').next()).collect();
        assert_eq!(keys, ["inner.debounce", "inner.lines[1]", "nmae", "outer"]);
        assert!(
            complaints.list()[0]
                .ends_with("did you mean debounce_ms? known here: lines, debounce_ms")
        );
    }

    #[test]
    fn what_is_not_toml_is_said_with_its_place() {
        let complaints = read_text("name = ").unwrap_err();
        assert!(complaints.to_string().contains("line 1"), "{complaints}");
    }

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        let address = "url = \"postgres://hub:s3@cret@db.example/smilepost";
        let complaints = read_text(address).unwrap_err().to_string();
        assert!(complaints.contains("postgres://hub:…@db.example/smilepost"), "{complaints}");
        for line in
            ["url = 'postgresql://hub:s3cret", "url = postgres://hub:s3cret@", "b = 's3cret'"]
        {
            let complaints = read_text(&format!("a = 1\n{line} 'x'")).unwrap_err().to_string();
            let is_address = line.contains("://");
            assert_eq!(complaints.contains("s3cret"), !is_address, "{complaints}");
        }
    }

    #[test]
    fn what_is_not_toml_is_shown_with_what_is_expected() {
        for (text, part) in [
            ("name = hello", "line 1, column 8 cannot be understood: \"name = hello\"; a text"),
            ("a = 1\na = 2", "line 2, column 1 cannot be understood: \"a = 2\"; this name"),
            ("a = 1\n[b\nc = 2", "line 2"),
            ("a", "a key has = and a value"),
            ("a = \"b", "is not closed"),
            ("a = [1, 2", "is not closed"),
            ("a = 1 b = 2", "each key has a line of its own"),
            ("a = ", "line 1, column 5"),
        ] {
            let error = text.parse::<toml::Table>().unwrap_err();
            let at = error.span().map_or(0, |span| span.start);
            let told = words::of_syntax(text, error.message(), at);
            assert!(told.contains(part), "{text}: {told} ({})", error.message());
        }
    }
}
