//! A table of separated values for people: nothing in it acts, and it opens in the spreadsheet of
//! its reader's language.

use std::io;

use serde::Serialize;

use super::cell;

/// The last column of every table: in which other columns of the row a text was changed, so that it
/// is only seen. A file with this column is for people.
const DEFUSED: &str = "defused";

/// How a spreadsheet writes tables and numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// What stands between two cells: `,` or `;`.
    separator: u8,
    /// What stands before the decimals: `.` or `,`.
    point: char,
    /// Whether the file begins with a byte order mark. Without it, Excel takes UTF-8 for the
    /// system's old character set.
    has_mark: bool,
}

impl Dialect {
    /// Commas between cells and decimal points: RFC 4180.
    pub const PLAIN: Self = Self { separator: b',', point: '.', has_mark: false };

    /// What the spreadsheets of a language expect, which may be a tag with a region. Where numbers
    /// have a decimal comma, cells are separated by semicolons (decimals: CLDR 46, `numbers`;
    /// separators: the regional settings of Windows).
    #[must_use]
    pub fn of(language: &str) -> Self {
        let tag = language.to_ascii_lowercase().replace('_', "-");
        let mut parts = tag.split('-');
        let base = parts.next().unwrap_or_default();
        // A script has four letters and stands before the region.
        let region = parts.find(|part| part.len() == 2 || part.len() == 3).unwrap_or_default();
        let (separator, point) = match (base, region) {
            ("de" | "it" | "rm", "ch" | "li") => (b';', '.'),
            ("en", "za") => (b';', ','),
            ("es", "mx" | "us" | "pr" | "419" | "gt" | "hn" | "sv" | "ni" | "pa" | "do" | "pe") => {
                (b',', '.')
            }
            ("ar", "dz" | "ly" | "ma" | "tn") => (b';', ','),
            ("ar" | "fa", _) => (b';', '.'),
            (
                "en" | "ja" | "ko" | "zh" | "he" | "th" | "hi" | "bn" | "ta" | "ur" | "ga" | "cy",
                _,
            )
            | ("" | "fil" | "ms" | "sw", _) => (b',', '.'),
            _ => (b';', ','),
        };
        Self { separator, point, has_mark: true }
    }

    /// A number with one decimal: more digits would say more than the ratings do.
    #[must_use]
    pub fn one_decimal(self, number: f64) -> String {
        format!("{number:.1}").replace('.', &self.point.to_string())
    }
}

/// A table with a heading, in which every cell is a [`cell`]. It has one column more than its rows,
/// `defused`: the names of the columns whose text was changed for that, with spaces between.
#[derive(Debug)]
pub struct Table<W: io::Write> {
    out: csv::Writer<W>,
    columns: csv::StringRecord,
    is_begun: bool,
}

impl<W: io::Write> Table<W> {
    /// An empty table of rows such as this one: the heading is the names of its fields.
    ///
    /// # Errors
    /// When it is no row, or the output cannot be written.
    pub fn new(mut out: W, dialect: Dialect, example: &impl Serialize) -> io::Result<Self> {
        if dialect.has_mark {
            out.write_all("\u{feff}".as_bytes())?;
        }
        let columns = record(example, 0)?;
        let out = csv::WriterBuilder::new().delimiter(dialect.separator).from_writer(out);
        Ok(Self { out, columns, is_begun: false })
    }

    /// Writes a row, and before the first one the heading.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, row: &impl Serialize) -> io::Result<()> {
        self.begin()?;
        let row = record(row, 1)?;
        let cells: Vec<String> = row.iter().map(cell).collect();
        let is_changed = |((_, text), cell): &((&str, &str), &String)| text != cell;
        let changed = self.columns.iter().zip(&row).zip(&cells).filter(is_changed);
        let changed: Vec<&str> = changed.map(|((column, _), _)| column).collect();
        let changed = changed.join(" ");
        self.out.write_record(cells.iter().chain([&changed]))?;
        Ok(())
    }

    /// Has everything written out, the heading also where there was no row, and returns the output.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.begin()?;
        self.out.into_inner().map_err(|error| error.into_error())
    }

    fn begin(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.is_begun, true) {
            self.out.write_record(self.columns.iter().chain([DEFUSED]))?;
        }
        Ok(())
    }
}

/// The names of a row's fields (0), or their values (1).
fn record(row: &impl Serialize, at: usize) -> io::Result<csv::StringRecord> {
    let mut plain = csv::Writer::from_writer(Vec::new());
    plain.serialize(row)?;
    let plain = plain.into_inner().map_err(|error| error.into_error())?;
    let mut records = csv::ReaderBuilder::new().has_headers(false).from_reader(plain.as_slice());
    Ok(records.records().nth(at).transpose()?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Row {
        name: &'static str,
        place: &'static str,
        share: f64,
    }

    const NONE: Row = Row { name: "", place: "", share: 0.0 };

    fn written(dialect: Dialect, rows: &[Row]) -> String {
        let mut table = Table::new(Vec::new(), dialect, &NONE).unwrap();
        rows.iter().try_for_each(|row| table.write(row)).unwrap();
        String::from_utf8(table.finish().unwrap()).unwrap()
    }

    #[test]
    fn a_table_has_one_heading_and_no_formulas_and_says_what_it_changed() {
        let rows = [
            Row { name: "=1,\u{1b}", place: "@x", share: -0.5 },
            Row { name: "a \"b\"", place: "", share: 1.0 },
        ];
        let text = "name,place,share,defused\n\
                    \"'=1,\\u001b\",'@x,-0.5,name place\n\
                    \"a \"\"b\"\"\",,1.0,\n";
        assert_eq!(written(Dialect::PLAIN, &rows), text);
        assert_eq!(written(Dialect::PLAIN, &[]), "name,place,share,defused\n");
    }

    #[test]
    fn a_table_opens_in_the_spreadsheet_of_each_language() {
        let cases = [
            ("en", ',', "62.5"),
            ("en-GB", ',', "62.5"),
            ("en-ZA", ';', "62,5"),
            ("de", ';', "62,5"),
            ("de-AT", ';', "62,5"),
            ("de-CH", ';', "62.5"),
            ("de_CH", ';', "62.5"),
            ("it-CH", ';', "62.5"),
            ("fr-CH", ';', "62,5"),
            ("es", ';', "62,5"),
            ("es-MX", ',', "62.5"),
            ("es-419", ',', "62.5"),
            ("es-AR", ';', "62,5"),
            ("pt-BR", ';', "62,5"),
            ("fi", ';', "62,5"),
            ("uk", ';', "62,5"),
            ("ja", ',', "62.5"),
            ("zh-Hant-TW", ',', "62.5"),
            ("ar", ';', "62.5"),
            ("ar-MA", ';', "62,5"),
            ("", ',', "62.5"),
        ];
        for (language, separator, number) in cases {
            let dialect = Dialect::of(language);
            assert_eq!(dialect.one_decimal(62.46), number, "{language}");
            let text = written(dialect, &[Row { name: "=a;b,c", place: "é", share: 1.0 }]);
            let mut lines = text.lines();
            let heading = ["name", "place", "share", "defused"].join(&separator.to_string());
            assert_eq!(lines.next(), Some(format!("\u{feff}{heading}").as_str()), "{language}");
            let s = separator;
            let row = format!("\"'=a;b,c\"{s}é{s}1.0{s}name");
            let plain = format!("'=a;b,c{s}é{s}1.0{s}name");
            assert!([row, plain].iter().any(|row| lines.clone().next() == Some(row)), "{text}");
        }
    }
}
