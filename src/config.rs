//! Reading a program's TOML file so that every complaint comes at once.
//!
//! serde stops at the first thing it does not like. An installer on a ladder wants the whole list,
//! so the offending key is noted, taken out, and the rest read again, until nothing is left to
//! complain about. Both programs read their files through here, which is why it is a room of its
//! own beside `clock`.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// No file of ours has more keys; beyond this many complaints the rest is not worth reading.
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

    /// Adds every key that a shape has no place for, where the shape itself lets them pass.
    fn unknown<T: DeserializeOwned>(&mut self, table: toml::Table) {
        let mut keys = Vec::new();
        let note = |path: serde_ignored::Path<'_>| keys.push(path.to_string());
        // It was read once already, so that there is nothing else to complain about.
        let _ = serde_ignored::deserialize::<_, _, T>(toml::Value::Table(table), note);
        for key in keys {
            self.add(&key, "unknown key");
        }
    }

    /// Adds complaints that were made elsewhere and name their places themselves.
    pub fn take(&mut self, list: &[String], place: &str) {
        self.list.extend(list.iter().map(|complaint| format!("{place}{complaint}")));
    }

    /// The value, if nothing was complained about.
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

/// Reads a file into its shape, and what could not be read into complaints.
///
/// Keys that are complained about are left at their defaults, so that the caller can go on to
/// check the values of the others and report everything together.
///
/// # Errors
/// The complaints, when the file cannot be read or is not TOML at all.
pub fn read<T: DeserializeOwned + Default>(file: &Path) -> Result<(T, Complaints), Complaints> {
    let mut complaints = Complaints::about(file);
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            complaints.list.push(format!("cannot be read: {error}"));
            return Err(complaints);
        }
    };
    let mut table = match text.parse::<toml::Table>() {
        Ok(table) => table,
        Err(error) => {
            complaints.list.push(format!("is not TOML: {}", error.to_string().trim_end()));
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
        // toml's error repeats the key on a second line.
        let what = error.inner().to_string();
        complaints.add(&key, what.lines().next().unwrap_or_default());
        if !remove(&mut table, &key) {
            break;
        }
    }
    Ok((T::default(), complaints))
}

/// Writes a shape as TOML, as [`read`] reads it.
///
/// # Errors
/// When TOML has no place for something in it.
pub fn write<T: serde::Serialize>(
    shape: &T,
) -> Result<String, impl std::error::Error + Send + Sync + use<T>> {
    toml::to_string_pretty(shape)
}

/// Takes the key at a path such as `questions[1].scale` out of the table; an array of plain values,
/// as at `buttons.lines[1]`, goes as a whole.
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
        assert!(complaints.list()[0].contains("expected `lines` or `debounce_ms`"));
    }

    #[test]
    fn what_is_not_toml_is_said_with_its_place() {
        let complaints = read_text("name = ").unwrap_err();
        assert!(complaints.to_string().contains("line 1"), "{complaints}");
    }
}
