//! Which characters the fonts that the program draws with have.

use std::collections::BTreeSet;
use std::sync::Arc;

use fontique::{
    Attributes, Blob, Collection, CollectionOptions, FamilyId, FontStyle, FontWeight, FontWidth,
    QueryFont, QueryStatus, SourceCache,
};

use crate::feedback::survey::letters;

/// The font that the font system always finds: it panics if there is none at all.
pub(super) const FONT: &[u8] = include_bytes!("../../../../ui/assets/fonts/NotoSans-Regular.ttf");

/// The fonts for Arabic, which stands beside Latin in one text and is a font of its own.
pub(super) const ARABIC: [&[u8]; 2] = [
    include_bytes!("../../../../ui/assets/fonts/NotoSansArabic-Regular.ttf"),
    include_bytes!("../../../../ui/assets/fonts/NotoSansArabic-Bold.ttf"),
];

/// The weight that stands in for every other one.
pub(super) const REGULAR: f32 = 400.0;

/// The fonts that texts are drawn with: ours, and those of the system that were chosen.
#[derive(Clone, Debug)]
pub struct Fonts(Arc<Vec<QueryFont>>);

impl Fonts {
    /// Those that come with the program.
    #[must_use]
    pub fn own() -> Self {
        let options = CollectionOptions { shared: false, system_fonts: false };
        let (mut collection, mut cache) = (Collection::new(options), SourceCache::default());
        let faces = [FONT].into_iter().chain(ARABIC).filter_map(|font| {
            let added = collection.register_fonts(Blob::new(Arc::new(font)), None);
            let family = added.first().map(|(family, _)| *family)?;
            face(&mut collection, &mut cache, family, REGULAR)
        });
        Self(Arc::new(faces.collect()))
    }

    /// These and others.
    pub(super) fn with(&self, faces: Vec<QueryFont>) -> Self {
        Self(Arc::new(self.0.iter().cloned().chain(faces).collect()))
    }

    /// The characters of a text that none of them has.
    #[must_use]
    pub fn lacking(&self, text: &str) -> BTreeSet<char> {
        let mut lacking = letters::strange(text);
        for face in self.0.iter() {
            if lacking.is_empty() {
                break;
            }
            take(face, &mut lacking);
        }
        lacking
    }

    /// Whether they have every character of a text.
    #[must_use]
    pub fn can_draw(&self, text: &str) -> bool {
        self.lacking(text).is_empty()
    }
}

/// Takes the characters that a font has out of those that are sought; says whether it has any.
pub(super) fn take(face: &QueryFont, sought: &mut BTreeSet<char>) -> bool {
    let before = sought.len();
    if let Some(map) = face.charmap() {
        sought.retain(|c| map.map(*c).is_none_or(|glyph| glyph == 0));
    }
    sought.len() < before
}

/// A family's upright face of a weight, or the nearest that it has.
pub(super) fn face(
    system: &mut Collection,
    cache: &mut SourceCache,
    family: FamilyId,
    weight: f32,
) -> Option<QueryFont> {
    let mut query = system.query(cache);
    query.set_families([family]);
    query.set_attributes(Attributes {
        weight: FontWeight::new(weight),
        style: FontStyle::Normal,
        width: FontWidth::NORMAL,
    });
    let mut found = None;
    query.matches_with(|face| {
        found = Some(face.clone());
        QueryStatus::Stop
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_our_own_characters_is_that_of_our_fonts() {
        let fonts = Fonts::own();
        let has = |c: char| {
            let mut sought = BTreeSet::from([c]);
            fonts.0.iter().any(|face| take(face, &mut sought))
        };
        let is_listed =
            |c: char| letters::OWN.iter().any(|(first, last)| (*first..=*last).contains(&c));
        for c in ('\0'..=char::MAX).filter(|c| has(*c) != is_listed(*c)) {
            // Controls have no picture, whatever a font says.
            assert!(c.is_control(), "U+{:04X}", u32::from(c));
        }
        assert!(fonts.can_draw("Ελλάδα سيئة 5 €") && !fonts.can_draw("Ελλάδα 日本"));
        let lacking: String = fonts.lacking("OK とて → ").into_iter().collect();
        assert_eq!(lacking, "→てと");
    }
}
