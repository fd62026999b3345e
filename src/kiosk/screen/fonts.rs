//! The fonts to draw with: ours, and one of the system's for each script that ours lack.
//!
//! Noto Sans and Noto Sans Arabic have Latin, Greek, Cyrillic and Arabic and come with the program.
//! The thousands of characters of Chinese, Japanese and Korean would be larger than the program
//! itself, so those fonts must be the system's, and a language without a font is not offered.
//!
//! For every text that it lays out, the font system walks and copies the list of all the families
//! that it knows, and a desktop has hundreds of them. So [`bring_fonts`] chooses once and hides the
//! system's fonts from it; each screen then registers those that were chosen.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use fontique::{
    Attributes, Blob, Collection, CollectionOptions, FallbackKey, FamilyId, FontStyle, FontWeight,
    FontWidth, GenericFamily, QueryFont, QueryStatus, Script, SourceCache, SourceKind,
};

use crate::feedback::survey::base;

/// The font that the font system always finds: it panics if there is none at all.
const FONT: &[u8] = include_bytes!("../../../ui/assets/fonts/NotoSans-Regular.ttf");

/// The fonts for Arabic, which stands beside Latin in one text and is a font of its own.
const ARABIC: [&[u8]; 2] = [
    include_bytes!("../../../ui/assets/fonts/NotoSansArabic-Regular.ttf"),
    include_bytes!("../../../ui/assets/fonts/NotoSansArabic-Bold.ttf"),
];

/// The families that come with the program; a system's family of the same name is not used.
const OURS: [&str; 2] = ["Noto Sans", "Noto Sans Arabic"];

/// The weights that the screens use, and the one that stands in for them.
const WEIGHTS: [f32; 3] = [REGULAR, 600.0, 700.0];
const REGULAR: f32 = 400.0;

/// Scripts whose font must be the system's: the languages, the script, a letter of it, and the
/// family of Debian's packages, which is preferred to any other.
const OF_THE_SYSTEM: [(&[&str], [u8; 4], char, &str); 23] = [
    (&["ja"], *b"Hira", 'あ', "Noto Sans CJK JP"),
    (&["zh", "yue"], *b"Hani", '中', "Noto Sans CJK SC"),
    (&["ko"], *b"Hang", '한', "Noto Sans CJK KR"),
    (&["he", "yi"], *b"Hebr", 'א', "Noto Sans Hebrew"),
    (&["hi", "mr", "ne"], *b"Deva", 'अ', "Noto Sans Devanagari"),
    (&["th"], *b"Thai", 'ก', "Noto Sans Thai"),
    (&["hy"], *b"Armn", 'Ա', "Noto Sans Armenian"),
    (&["ka"], *b"Geor", 'ა', "Noto Sans Georgian"),
    (&["bn", "as"], *b"Beng", 'অ', "Noto Sans Bengali"),
    (&["pa"], *b"Guru", 'ਅ', "Noto Sans Gurmukhi"),
    (&["gu"], *b"Gujr", 'અ', "Noto Sans Gujarati"),
    (&["or"], *b"Orya", 'ଅ', "Noto Sans Oriya"),
    (&["ta"], *b"Taml", 'அ', "Noto Sans Tamil"),
    (&["te"], *b"Telu", 'అ', "Noto Sans Telugu"),
    (&["kn"], *b"Knda", 'ಅ', "Noto Sans Kannada"),
    (&["ml"], *b"Mlym", 'അ', "Noto Sans Malayalam"),
    (&["si"], *b"Sinh", 'අ', "Noto Sans Sinhala"),
    (&["lo"], *b"Laoo", 'ກ', "Noto Sans Lao"),
    (&["my"], *b"Mymr", 'က', "Noto Sans Myanmar"),
    (&["km"], *b"Khmr", 'ក', "Noto Sans Khmer"),
    (&["bo", "dz"], *b"Tibt", 'ཀ', "Noto Serif Tibetan"),
    (&["am", "ti"], *b"Ethi", 'አ', "Noto Sans Ethiopic"),
    (&["dv"], *b"Thaa", 'ހ', "Noto Sans Thaana"),
];

/// Debian's package with a family of [`OF_THE_SYSTEM`].
fn package(family: &str) -> &'static str {
    if family.contains("CJK") { "fonts-noto-cjk" } else { "fonts-noto-core" }
}

/// Families that are searched for symbols that ours lack, after the system's usual one.
const SIGNS: [&str; 4] =
    ["DejaVu Sans", "Noto Sans Symbols", "Noto Sans Symbols2", "Noto Sans Symbols 2"];

/// The fonts of the system that the program uses.
#[derive(Debug, Default)]
struct Lent {
    /// The families for symbols and emoji, in the order in which they are searched.
    signs: Vec<String>,
    /// The family for each script.
    scripts: Vec<([u8; 4], String)>,
    /// The files that those families are in.
    files: Vec<PathBuf>,
    missing: Missing,
}

/// What was chosen when this program started.
static LENT: OnceLock<Lent> = OnceLock::new();

impl Lent {
    fn choose(system: &mut Collection) -> Self {
        let mut cache = SourceCache::default();
        let mut lent = Self::default();
        let is_ours = |system: &mut Collection, family: FamilyId| {
            system.family_name(family).is_some_and(|name| OURS.contains(&name))
        };
        let sans: Vec<FamilyId> = system.generic_families(GenericFamily::SansSerif).collect();
        let usual = sans.into_iter().find(|family| !is_ours(system, *family));
        let mut signs: Vec<FamilyId> = usual.into_iter().collect();
        signs.extend(SIGNS.iter().filter_map(|name| system.family_id(name)));
        signs.extend(system.generic_families(GenericFamily::Emoji).next());
        for family in signs {
            let taken = lent.take(system, &mut cache, family);
            lent.signs.extend(taken);
        }
        for (languages, script, letter, name) in OF_THE_SYSTEM {
            let named = system.family_id(name);
            let mut known = usual.into_iter().chain(named);
            let found = known.find(|family| draws(system, &mut cache, *family, letter));
            let found = found.or_else(|| {
                // If no font has the script, the font system names one without the letter.
                let nearest = system.fallback_families(key(script)).next();
                nearest.filter(|family| draws(system, &mut cache, *family, letter))
            });
            let taken = found.and_then(|family| lent.take(system, &mut cache, family));
            match taken {
                Some(family) => lent.scripts.push((script, family)),
                None => {
                    let lacks = languages.iter().map(|language| (*language, package(name)));
                    lent.missing.0.extend(lacks);
                }
            }
        }
        lent
    }

    /// Keeps the files of a family and returns its name; none for a family of our own.
    fn take(
        &mut self,
        system: &mut Collection,
        cache: &mut SourceCache,
        family: FamilyId,
    ) -> Option<String> {
        let name = system.family_name(family)?.to_owned();
        if OURS.contains(&name.as_str()) {
            return None;
        }
        for weight in WEIGHTS {
            let Some(face) = face(system, cache, family, weight) else {
                continue;
            };
            let family = system.family(family);
            let font = family.as_ref().and_then(|family| family.fonts().get(face.family.1));
            if let Some(SourceKind::Path(file)) = font.map(|font| font.source().kind())
                && !self.files.iter().any(|known| **known == **file)
            {
                self.files.push(file.to_path_buf());
            }
        }
        Some(name)
    }
}

fn key(script: [u8; 4]) -> FallbackKey {
    FallbackKey::new(Script::from_bytes(script), None)
}

/// Whether a family has a letter.
fn draws(system: &mut Collection, cache: &mut SourceCache, family: FamilyId, letter: char) -> bool {
    let face = face(system, cache, family, REGULAR);
    let glyph = face.and_then(|face| face.charmap().and_then(|map| map.map(letter)));
    glyph.is_some_and(|glyph| glyph != 0)
}

/// A family's upright face of a weight, or the nearest that it has.
fn face(
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

/// All of the system's fonts; none if there are no fonts, since the font system would panic.
fn system() -> Option<Collection> {
    const PLACES: [&str; 3] =
        ["/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/X11/fonts"];
    let is_set = std::env::var_os(CONFIGURED_BY).is_some();
    let has_fonts = is_set || PLACES.iter().any(|place| has_font(Path::new(place)));
    let options = CollectionOptions { shared: false, system_fonts: true };
    has_fonts.then(|| Collection::new(options))
}

/// The languages of which this system lacks the font.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing(Vec<(&'static str, &'static str)>);

impl Missing {
    /// Looks in the fonts of the system.
    #[must_use]
    pub fn find() -> Self {
        if let Some(lent) = LENT.get() {
            return lent.missing.clone();
        }
        system().map_or_else(Self::all, |mut system| Lent::choose(&mut system).missing)
    }

    fn all() -> Self {
        let lacks = OF_THE_SYSTEM.iter().flat_map(|(languages, _, _, family)| {
            languages.iter().map(|language| (*language, package(family)))
        });
        Self(lacks.collect())
    }

    /// Whether a language can be drawn.
    #[must_use]
    pub fn can_draw(&self, language: &str) -> bool {
        self.package(language).is_none()
    }

    /// The package that a language waits for; none when it can be drawn.
    #[must_use]
    pub fn package(&self, language: &str) -> Option<&'static str> {
        let of = base(language);
        self.0.iter().find(|(known, _)| *known == of).map(|(_, package)| *package)
    }
}

thread_local! {
    /// Whether the font system of this thread knows our fonts: Slint has one for each thread.
    static IS_TAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Registers the chosen fonts of the system and our fonts for Arabic, for everything that Slint
/// draws from now on.
pub(super) fn teach() {
    let mut collection = slint::fontique_011::shared_collection();
    if IS_TAUGHT.replace(true) {
        return;
    }
    if let Some(lent) = LENT.get() {
        register(&mut collection, lent);
    }
    let mut families = Vec::new();
    for font in ARABIC {
        let added = collection.register_fonts(Blob::new(Arc::new(font)), None);
        families.extend(added.into_iter().map(|(family, _)| family));
    }
    families.dedup();
    prefer(&mut collection, &families);
    if !collection.set_fallbacks(key(*b"Arab"), families.into_iter()) {
        tracing::warn!("the font for Arabic could not be made known");
    }
}

fn register(collection: &mut Collection, lent: &Lent) {
    collection.load_fonts_from_paths(&lent.files);
    let mut signs = Vec::new();
    for name in &lent.signs {
        signs.extend(collection.family_id(name));
    }
    for generic in [GenericFamily::SansSerif, GenericFamily::SystemUi, GenericFamily::Emoji] {
        collection.append_generic_families(generic, signs.iter().copied());
    }
    for (script, name) in &lent.scripts {
        let Some(family) = collection.family_id(name) else {
            tracing::warn!(%name, "a font of the system could not be read");
            continue;
        };
        let kana = (*script == *b"Hira").then_some(*b"Kana");
        for script in [*script].into_iter().chain(kana) {
            collection.set_fallbacks(key(script), std::iter::once(family));
        }
    }
}

/// Puts families before the system's own wherever a character is in none of the named fonts: Slint
/// asks the generic families first, and a system's font would make a post look unlike the others.
pub fn prefer(collection: &mut Collection, families: &[FamilyId]) {
    for generic in [GenericFamily::SansSerif, GenericFamily::SystemUi] {
        let known: Vec<FamilyId> = collection.generic_families(generic).collect();
        let others = known.into_iter().filter(|known| !families.contains(known));
        let chain: Vec<FamilyId> = families.iter().copied().chain(others).collect();
        collection.set_generic_families(generic, chain.into_iter());
    }
}

/// The environment variable that names fontconfig's configuration.
const CONFIGURED_BY: &str = "FONTCONFIG_FILE";

/// Chooses the fonts to draw with, and hides all the others of the system from the font system.
///
/// Our font and a configuration for fontconfig with it alone are written into `folder`, and an
/// environment variable points at it: call this before any other thread is started.
///
/// # Errors
/// When the folder cannot be written.
pub fn bring_fonts(folder: &Path) -> std::io::Result<()> {
    if LENT.get().is_some() {
        return Ok(());
    }
    let folder = std::path::absolute(folder)?.join("fonts");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("NotoSans-Regular.ttf"), FONT)?;
    let configuration = folder.join("fonts.conf");
    let text = format!(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE fontconfig SYSTEM \"fonts.dtd\">\n<fontconfig>\n\
         <dir>{0}</dir>\n<cachedir>{0}</cachedir>\n</fontconfig>\n",
        folder.display()
    );
    std::fs::write(&configuration, text)?;
    LENT.get_or_init(|| {
        let nothing = || Lent { missing: Missing::all(), ..Lent::default() };
        system().map_or_else(nothing, |mut system| Lent::choose(&mut system))
    });
    #[expect(unsafe_code, reason = "no other thread is there yet to read the environment")]
    // SAFETY: the caller has started no thread, as the documentation asks.
    unsafe {
        std::env::set_var(CONFIGURED_BY, configuration);
    }
    Ok(())
}

/// Whether there is a font anywhere in a folder.
fn has_font(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let path = entry.path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        path.is_dir() && has_font(&path)
            || ending.is_some_and(|ending| ["ttf", "otf", "ttc", "pfb"].contains(&ending))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_whose_font_is_missing_names_its_package() {
        let missing = Missing(vec![("ja", "fonts-noto-cjk")]);
        assert_eq!(missing.package("ja-JP"), Some("fonts-noto-cjk"));
        assert!(missing.can_draw("ko") && missing.can_draw("ar") && !missing.can_draw("ja"));
    }

    #[test]
    fn a_family_that_lacks_the_letters_of_a_script_does_not_count_as_its_font() {
        let options = CollectionOptions { shared: false, system_fonts: false };
        let mut system = Collection::new(options);
        let added = system.register_fonts(Blob::new(Arc::new(FONT)), None);
        let ours: Vec<FamilyId> = added.iter().map(|(family, _)| *family).collect();
        system.set_generic_families(GenericFamily::SansSerif, ours.iter().copied());
        let lent = Lent::choose(&mut system);
        assert_eq!(lent.missing, Missing::all());
        assert!(lent.files.is_empty() && lent.signs.is_empty() && lent.scripts.is_empty());
        assert!(!lent.missing.can_draw("ja-JP") && lent.missing.can_draw("el"));
    }
}
