//! Tests of the screens' fixed texts in every built-in language.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use smilepost::feedback::rating::Scale;
use smilepost::feedback::survey::Survey;
use smilepost::kiosk::screen::fonts::Fonts;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ui")
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let within = entries.flat_map(|path| match path.is_dir() {
        true => files(&path, ending),
        false => vec![path],
    });
    within.filter(|path| path.extension().is_some_and(|found| found == ending)).collect()
}

/// What the screens say in English, between `@tr("` and `"`.
fn texts() -> Vec<String> {
    let mut texts = Vec::new();
    for file in files(&root(), "slint") {
        let code = std::fs::read_to_string(file).unwrap();
        for part in code.split("@tr(").skip(1) {
            let text = part.strip_prefix('"').unwrap();
            texts.push(text.split('"').next().unwrap().to_owned());
        }
    }
    texts.extend(texts_of_pages());
    texts.sort();
    texts.dedup();
    texts
}

/// What the same words say on a phone and on paper: every text in the code of those pages that
/// begins as a sentence does.
fn texts_of_pages() -> Vec<String> {
    // Scores and names are the same in every language; the rest is said by a server, not a page.
    const ELSEWHERE: [&str; 5] = ["Happy Index", "CSAT", "Smilepost", "OK", "DENY"];
    let mut texts = Vec::new();
    // The form of a date is a text too, and begins as no sentence does.
    texts.push("%a %-d %b %Y".to_owned());
    let pages = ["phone/served/pages.rs", "phone/served/pages/draw.rs"];
    for file in ["sheets/html.rs", "sheets/shown.rs"].into_iter().chain(pages) {
        let code = std::fs::read_to_string(root().join("../src/kiosk/desk").join(file)).unwrap();
        let code: Vec<&str> = code.lines().filter(|line| !line.trim().starts_with("//")).collect();
        for text in code.join("\n").split('"').skip(1).step_by(2) {
            // A text that continues on the next line loses the line break and its indentation.
            let parts = text.split("\\\n").map(|part| part.trim_start_matches(' '));
            let text = parts.collect::<String>();
            let is_text = text.starts_with(|first: char| first.is_ascii_uppercase());
            if is_text && !text.ends_with("\\n") && !ELSEWHERE.contains(&text.as_str()) {
                texts.push(text);
            }
        }
    }
    assert!(texts.contains(&"Print this day".to_owned()), "{texts:?}");
    texts
}

/// The entries of a catalogue, each on lines of its own, without the one that heads it.
fn catalogue(file: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(file).unwrap();
    let mut entries = BTreeMap::new();
    let mut id = String::new();
    for line in text.lines() {
        let quoted = |line: &str| line.strip_suffix('"').unwrap_or(line).to_owned();
        if let Some(text) = line.strip_prefix("msgid \"") {
            id = quoted(text);
        } else if let Some(text) = line.strip_prefix("msgstr \"")
            && !id.is_empty()
        {
            assert_eq!(entries.insert(id.clone(), quoted(text)), None, "{id:?} comes twice");
        }
    }
    entries
}

/// The translation of an English text of the screens, if it is one.
pub(crate) fn translated(language: &str, english: &str) -> Option<String> {
    let file = root().join(format!("lang/{language}/LC_MESSAGES/smilepost.po"));
    file.exists().then(|| catalogue(&file).remove(english)).flatten()
}

/// The placeholders, sorted by name: `{}`, `{0}`, `{n}`.
fn placeholders(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> =
        text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
    found.sort_unstable();
    found
}

#[test]
fn every_language_says_all_that_english_says_with_the_same_blanks() {
    let texts = texts();
    assert!(texts.len() >= 30, "{texts:?}");
    for language in Survey::built_in(Scale::Five).languages().filter(|&tag| tag != "en") {
        let file = root().join(format!("lang/{language}/LC_MESSAGES/smilepost.po"));
        let entries = catalogue(&file);
        let known: Vec<&String> = entries.keys().collect();
        assert_eq!(known, texts.iter().collect::<Vec<_>>(), "{language}");
        for (text, translation) in &entries {
            assert!(!translation.trim().is_empty(), "{language}: {text:?} is not translated");
            assert_eq!(placeholders(text), placeholders(translation), "{language}: {text:?}");
        }
    }
    let catalogues = files(&root().join("lang"), "po").len();
    let languages = Survey::built_in(Scale::Five).languages().count();
    assert_eq!(catalogues, languages - 1, "a catalogue for each language but English");
}

#[test]
fn the_fonts_of_the_pictures_have_every_character_of_every_catalogue() {
    let survey = crate::survey::everything(Scale::Five);
    let own = Fonts::own();
    let is_japanese = crate::japanese_characters();
    for language in survey.languages() {
        let file = root().join(format!("lang/{language}/LC_MESSAGES/smilepost.po"));
        let texts =
            if language == "en" { texts() } else { catalogue(&file).into_values().collect() };
        let mut lacking = own.lacking(&(texts.concat() + &survey.shown(language)));
        if language == "ja" {
            assert!(lacking.len() > 100, "our own fonts have no Japanese: {lacking:?}");
            lacking.retain(|letter| !is_japanese(*letter));
        }
        assert!(lacking.is_empty(), "{language}: {lacking:?}");
    }
}
