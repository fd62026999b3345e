//! Texts by language, and which of them a reader of a language gets.

use std::collections::BTreeMap;

/// Text by language, the key being a BCP 47 tag such as `en`.
pub type ByLanguage = BTreeMap<String, String>;

/// The text in this language, or in its base language.
#[must_use]
pub fn by_language<'a>(texts: &'a ByLanguage, language: &str) -> Option<&'a str> {
    texts.get(language).or_else(|| texts.get(base(language))).map(String::as_str)
}

/// The language without its region: `de` of `de-AT`.
#[must_use]
pub fn base(language: &str) -> &str {
    language.split('-').next().unwrap_or(language)
}
