//! Checks of the screens: imports, use of the bridges, and where a size may be a number.

use std::collections::BTreeMap;

use crate::graph::Arrow;

/// Files that may use the bridges between screens and Rust; components take properties.
const MAY_READ_BRIDGES: &[&str] = &["ui/app.slint", "ui/pages/", "ui/desk/"];

/// Drawings: their numbers are the shape itself, on a square of their own.
const DRAWINGS: &[&str] = &["ui/components/face.slint", "ui/components/icon.slint"];

/// Where a colour, a time or a size may be a number.
const THEME: &str = "ui/theme.slint";

/// Which `.slint` file imports which.
pub(crate) fn imports(sources: &BTreeMap<String, String>) -> Vec<Arrow> {
    let mut arrows = Vec::new();
    for (file, text) in sources {
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (number, line) in (1..).zip(text.lines()) {
            let code = line.split("//").next().unwrap_or_default();
            let Some((_, from)) =
                code.split_once("from \"").or_else(|| code.split_once("import \""))
            else {
                continue;
            };
            let Some((path, _)) = from.split_once('"') else { continue };
            if path.ends_with(".slint") && !path.starts_with('@') {
                arrows.push(Arrow {
                    from: file.clone(),
                    to: joined(folder, path),
                    line: number,
                    name: path.to_owned(),
                    is_test: false,
                });
            }
        }
    }
    arrows
}

fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<_> = folder.split('/').collect();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Components that use a bridge.
pub(crate) fn bridge_readers(imports: &[Arrow]) -> Vec<String> {
    let is_bridge = |arrow: &&Arrow| arrow.to.ends_with("/bridge.slint");
    let may = |file: &str| {
        MAY_READ_BRIDGES.iter().any(|place| file.starts_with(place))
            || file.ends_with("bridge.slint")
    };
    let breaches = imports.iter().filter(is_bridge).filter(|arrow| !may(&arrow.from));
    breaches.map(|arrow| format!("{}:{}: knows a bridge", arrow.from, arrow.line)).collect()
}

/// Numbers outside the theme that are colours, times or sizes.
pub(crate) fn numbers(file: &str, text: &str) -> Vec<String> {
    if file == THEME {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.split("//").next().unwrap_or_default();
        let code = without_strings(code);
        let is_size = !DRAWINGS.contains(&file) && has_size(&code);
        if has_colour(&code) || has_time(&code) || is_size {
            found.push(format!("{file}:{number}: belongs into the theme: {}", line.trim()));
        }
    }
    found
}

fn without_strings(code: &str) -> String {
    code.split('"').step_by(2).collect()
}

fn has_colour(code: &str) -> bool {
    code.split(|c: char| !(c.is_ascii_alphanumeric() || c == '#')).any(|word| {
        word.strip_prefix('#').is_some_and(|hex| hex.chars().all(|c| c.is_ascii_hexdigit()))
    })
}

fn has_time(code: &str) -> bool {
    numbers_in(code).any(|(number, unit, _)| matches!(unit, "ms" | "s") && is_more_than_0(number))
}

/// A length, or a multiple of the unit that lengths are made of: `3px`, `14.8 * root.u`.
fn has_size(code: &str) -> bool {
    numbers_in(code).any(|(number, unit, after)| {
        let is_length = matches!(unit, "px" | "phx" | "pt" | "rem" | "cm" | "mm" | "in");
        let factor = after.trim_start().strip_prefix('*').map(str::trim_start);
        let is_multiple = factor.is_some_and(|factor| {
            let end = factor.find(|c: char| !is_in_name(c)).unwrap_or(factor.len());
            factor[..end].rsplit('.').next() == Some("u")
        });
        is_more_than_0(number) && (is_length || unit.is_empty() && is_multiple)
    })
}

fn is_in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.".contains(c)
}

fn is_more_than_0(number: &str) -> bool {
    number.parse::<f64>().is_ok_and(|number| number > 0.0)
}

/// Every number in a line of code with its unit, and what follows both.
fn numbers_in(code: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let mut rest = code;
    let mut before = None;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find(|c: char| c.is_ascii_digit())?;
            let last = rest[..start].chars().next_back().or(before);
            let is_number = |c: char| c.is_ascii_digit() || c == '.';
            let from_number = &rest[start..];
            let end = from_number.find(|c| !is_number(c)).unwrap_or(from_number.len());
            let (number, after) = from_number.split_at(end);
            let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
            let (unit, after) = after.split_at(end);
            before = Some('0');
            rest = after;
            // `text-2` is a name.
            if !last.is_some_and(|c| is_in_name(c) && c != '.' || c == '#') {
                return Some((number, unit, after));
            }
        }
    })
}
