//! The one escape for whatever is printed: a terminal, a log, a table for people, a page.
//!
//! A name, a complaint or a comment may come from a stranger. A control character in it could clear
//! the terminal, forge a line of a list, or turn the reading direction of what stands beside it.
//! Each becomes a visible escape such as `\u001b`, in the form that JSON reads back.

mod table;

use std::error::Error;
use std::fmt::{self, Display, Write as _};
use std::io;

pub use table::{Dialect, Table};

use crate::file::told;

/// A value that is printed on one line, whatever is in it.
#[derive(Clone, Copy, Debug)]
pub struct Plain<T>(pub T);

impl<T: Display> Display for Plain<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping { out, keeps: "" }, "{}", self.0)
    }
}

/// The longest sentence of somebody else that is logged or shown, in characters.
pub const SENTENCE_CHARS_MAX: usize = 300;

/// A sentence of somebody else as it is kept, logged and shown: on one line, and cut off where it
/// is too long.
#[must_use]
pub fn sentence(text: &str) -> String {
    let start: String = text.chars().take(SENTENCE_CHARS_MAX).collect();
    let mut sentence: String = Plain(&start).to_string().chars().take(SENTENCE_CHARS_MAX).collect();
    if start.len() < text.len() {
        sentence.push('…');
    }
    sentence
}

/// An error and its causes, in one line. What the system says of a file is told in our words, and
/// what an error says of its cause already is not said twice.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let more = match cause.downcast_ref::<io::Error>() {
            // What is wrapped in it has words of its own.
            Some(error) if error.get_ref().is_none() => told(error),
            _ => cause.to_string(),
        };
        if !line.contains(&more) {
            line = format!("{line}: {more}");
        }
        next = cause.source();
    }
    line
}

/// A text of many lines: line breaks and tabs stay, everything else is as in [`Plain`].
#[derive(Clone, Copy, Debug)]
pub struct Lines<T>(pub T);

impl<T: Display> Display for Lines<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping { out, keeps: "\n\t" }, "{}", self.0)
    }
}

/// How a formula may begin, in the full width of East Asian keyboards too.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// What separates cells somewhere: a spreadsheet takes the separator of its own language, whatever
/// the table's is.
const SEPARATORS: [char; 2] = [',', ';'];

/// A cell of a table that people open in a spreadsheet: as [`Plain`], and what a spreadsheet would
/// take for a formula begins with an apostrophe (OWASP, "CSV Injection"), also where it would see
/// another cell begin. Numbers stay numbers.
#[must_use]
pub fn cell(text: &str) -> String {
    let is_number = text.chars().all(|c| c.is_ascii_digit() || "+-.,eE".contains(c));
    if is_number && text.replacen(',', ".", 1).parse::<f64>().is_ok() {
        return text.to_owned();
    }
    let (mut cell, mut is_start) = (String::with_capacity(text.len()), true);
    for c in text.chars() {
        if is_start && FORMULA.contains(&c) {
            cell.push('\'');
        }
        // Spaces and quotes before a formula do not keep every spreadsheet from running it.
        is_start = SEPARATORS.contains(&c) || (is_start && (c == ' ' || c == '"'));
        cell.push(c);
    }
    Plain(cell).to_string()
}

/// Whether a character does something instead of being seen: control characters (C0, C1, DEL), line
/// and paragraph separators, and what embeds, overrides or isolates a direction (Unicode Standard
/// Annex 9). Marks that Arabic and Hebrew need inside a word stay.
#[must_use]
pub fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Writes through, with every active character escaped but those that are kept.
struct Escaping<'a, W: fmt::Write> {
    out: &'a mut W,
    keeps: &'static str,
}

impl<W: fmt::Write> fmt::Write for Escaping<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                c if !is_active(c) || self.keeps.contains(c) => self.out.write_char(c)?,
                '\n' => self.out.write_str("\\n")?,
                '\t' => self.out.write_str("\\t")?,
                '\r' => self.out.write_str("\\r")?,
                c => write!(self.out, "\\u{:04x}", u32::from(c))?,
            }
        }
        Ok(())
    }
}

/// An output whose lines are written whole: what is between two of its line breaks is escaped.
///
/// Each call of [`io::Write::write`] is one text; a character that is cut in two is replaced.
#[derive(Debug)]
pub struct Output<W: io::Write> {
    out: W,
    is_one_line: bool,
}

impl<W: io::Write> Output<W> {
    /// An output in which each write is one line, such as a log.
    pub const fn of_lines(out: W) -> Self {
        Self { out, is_one_line: true }
    }

    /// An output in which line breaks and tabs stay, such as a terminal's or an export's.
    pub const fn of_text(out: W) -> Self {
        Self { out, is_one_line: false }
    }
}

impl<W: io::Write> io::Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        if self.is_one_line {
            let line = text.strip_suffix('\n');
            let end = if line.is_some() { "\n" } else { "" };
            self.out.write_all(format!("{}{end}", Plain(line.unwrap_or(&text))).as_bytes())?;
        } else {
            self.out.write_all(Lines(&text).to_string().as_bytes())?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn what_would_act_is_seen_instead() {
        let hostile = "a\u{1b}[2J\n\tb\r\u{9b}c\u{202e}d\u{2066}e\u{2028}f\u{0}\u{7f}";
        let seen = "a\\u001b[2J\\n\\tb\\r\\u009bc\\u202ed\\u2066e\\u2028f\\u0000\\u007f";
        assert_eq!(Plain(hostile).to_string(), seen);
        assert_eq!(Lines("a\n\tb\u{1b}").to_string(), "a\n\tb\\u001b");
    }

    #[test]
    fn a_sentence_of_somebody_else_is_one_short_line() {
        assert_eq!(sentence("the kiosk is unknown"), "the kiosk is unknown");
        assert_eq!(sentence("a\nb\u{1b}"), "a\\nb\\u001b");
        for text in ["x", "\u{1b}", "\u{202e}", "ü"] {
            let long = sentence(&text.repeat(200_000));
            assert_eq!(long.chars().count(), SENTENCE_CHARS_MAX + 1, "{text:?}");
            assert!(long.ends_with('…') && !long.contains(is_active), "{text:?}");
        }
    }

    #[test]
    fn words_of_every_script_stay_as_they_are() {
        for text in ["Größe", "パン 売り場", "سوق\u{200f} الحي", "👩‍👧 ok", "שלום\u{200e}"]
        {
            assert_eq!(Plain(text).to_string(), text);
            assert_eq!(cell(text), text);
        }
    }

    #[test]
    fn no_cell_is_a_formula_and_numbers_stay_numbers() {
        for (text, cell_text) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("-2", "-2"),
            ("-2.5e3", "-2.5e3"),
            ("-2,5", "-2,5"),
            ("-2,5,@b", "'-2,5,'@b"),
            ("-2+3", "'-2+3"),
            ("\t=1", "'\\t=1"),
            ("a=1", "a=1"),
            (" =1+1", " '=1+1"),
            ("＝1+1", "'＝1+1"),
            ("-inf", "'-inf"),
            ("a;=1+1,@b", "a;'=1+1,'@b"),
            ("a;\"=1+1", "a;\"'=1+1"),
        ] {
            assert_eq!(cell(text), cell_text);
        }
    }

    #[test]
    fn a_log_line_stays_one_line_and_a_json_text_reads_back() {
        let mut log = Vec::new();
        Output::of_lines(&mut log).write_all(b"ERROR a\nERROR forged\x1b[2J\n").unwrap();
        assert_eq!(log, b"ERROR a\\nERROR forged\\u001b[2J\n");
        let mut out = Vec::new();
        let text = serde_json::to_string("x\u{9b}\u{202e}\u{1b}\n").unwrap();
        Output::of_text(&mut out).write_all(text.as_bytes()).unwrap();
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), "x\u{9b}\u{202e}\u{1b}\n");
    }
}
