//! Which words a note has: the newest ones, where it was mended; none, where it was withdrawn.

/// Later words for a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mend {
    /// When they were written, in milliseconds since 1970 UTC; then the number of their run and
    /// theirs in it, for two of one time.
    pub at: (i64, i64, u32),
    /// The words; none withdraw the note.
    pub words: String,
}

/// The words of a note after all of these; none if it has none, or none any more.
#[must_use]
pub fn words(first: String, mends: Vec<Mend>) -> Option<String> {
    let newest = mends.into_iter().max_by_key(|mend| mend.at);
    let words = newest.map_or(first, |mend| mend.words);
    Some(words).filter(|words| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mend(at: (i64, i64, u32), words: &str) -> Mend {
        Mend { at, words: words.to_owned() }
    }

    #[test]
    fn the_newest_words_stand_whatever_order_they_come_in() {
        let first = || "rain".to_owned();
        assert_eq!(words(first(), Vec::new()).as_deref(), Some("rain"));
        let mends = vec![mend((5, 1, 9), "snow"), mend((5, 2, 1), "hail"), mend((4, 9, 9), "sun")];
        assert_eq!(words(first(), mends).as_deref(), Some("hail"));
    }

    #[test]
    fn a_note_that_was_withdrawn_has_no_words_and_may_get_new_ones() {
        let mends = vec![mend((5, 1, 1), "")];
        assert_eq!(words("rain".to_owned(), mends.clone()), None);
        let mends = [mends, vec![mend((6, 1, 2), "snow")]].concat();
        assert_eq!(words("rain".to_owned(), mends).as_deref(), Some("snow"));
        assert_eq!(words(String::new(), Vec::new()), None);
    }
}
