//! Which scripts can be drawn: with our own fonts, and with the system's.
//!
//! Noto Sans covers Latin, Greek, Cyrillic and Arabic and comes with the program. The thousands of
//! characters of Chinese, Japanese and Korean would be larger than the program itself, so those
//! are the system's to bring, and a language without a font is not offered.

use std::path::Path;
use std::sync::Arc;

use fontique::{Blob, Collection, CollectionOptions, FallbackKey, FamilyId, GenericFamily, Script};

use crate::feedback::survey::base;

/// The font that the system is lent where it has none.
const FONT: &[u8] = include_bytes!("../../../ui/assets/fonts/NotoSans-Regular.ttf");

/// The fonts for Arabic, which stands beside Latin in one text and is a font of its own.
const ARABIC: [&[u8]; 2] = [
    include_bytes!("../../../ui/assets/fonts/NotoSansArabic-Regular.ttf"),
    include_bytes!("../../../ui/assets/fonts/NotoSansArabic-Bold.ttf"),
];

/// Scripts that the system has to bring: the language, the script, and Debian's package.
const OF_THE_SYSTEM: [(&str, [u8; 4], &str); 7] = [
    ("ja", *b"Hira", "fonts-noto-cjk"),
    ("zh", *b"Hani", "fonts-noto-cjk"),
    ("ko", *b"Hang", "fonts-noto-cjk"),
    ("he", *b"Hebr", "fonts-noto-core"),
    ("hi", *b"Deva", "fonts-noto-core"),
    ("th", *b"Thai", "fonts-noto-core"),
    ("hy", *b"Armn", "fonts-noto-core"),
];

/// The languages of which this system lacks the font.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing(Vec<(&'static str, &'static str)>);

impl Missing {
    /// Asks the system.
    #[must_use]
    pub fn find() -> Self {
        let options = CollectionOptions { shared: false, system_fonts: true };
        let mut system = Collection::new(options);
        let mut has = |script: [u8; 4]| {
            let key = FallbackKey::new(Script::from_bytes(script), None);
            system.fallback_families(key).next().is_some()
        };
        let lacks = OF_THE_SYSTEM.iter().filter(|(_, script, _)| !has(*script));
        Self(lacks.map(|&(language, _, package)| (language, package)).collect())
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

/// Makes ours the font for Arabic, in everything that Slint draws from now on.
pub(super) fn teach_arabic() {
    let mut collection = slint::fontique_011::shared_collection();
    let key = || FallbackKey::new(Script::from_bytes(*b"Arab"), None);
    let mut families = Vec::new();
    for font in ARABIC {
        let added = collection.register_fonts(Blob::new(Arc::new(font)), None);
        families.extend(added.into_iter().map(|(family, _)| family));
    }
    families.dedup();
    prefer(&mut collection, &families);
    if !collection.set_fallbacks(key(), families.into_iter()) {
        tracing::warn!("the font for Arabic could not be made known");
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

/// Sees to it that the font system finds a font: ours, where the system has none.
///
/// Slint's font system panics where fontconfig is installed without a single font. The font is
/// laid into `folder`, and fontconfig is pointed at it. To be called before any other thread is
/// started, since it may set an environment variable.
///
/// # Errors
/// When the folder cannot be written.
pub fn bring_fonts(folder: &Path) -> std::io::Result<()> {
    const PLACES: [&str; 3] =
        ["/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/X11/fonts"];
    let is_set = std::env::var_os("FONTCONFIG_FILE").is_some();
    if is_set || PLACES.iter().any(|place| has_font(Path::new(place))) {
        return Ok(());
    }
    let folder = folder.join("fonts");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("NotoSans-Regular.ttf"), FONT)?;
    let configuration = folder.join("fonts.conf");
    let text = format!(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE fontconfig SYSTEM \"fonts.dtd\">\n<fontconfig>\n\
         <dir>{0}</dir>\n<cachedir>{0}</cachedir>\n</fontconfig>\n",
        folder.display()
    );
    std::fs::write(&configuration, text)?;
    #[expect(unsafe_code, reason = "no other thread is there yet to read the environment")]
    // SAFETY: the caller has started no thread, as the documentation asks.
    unsafe {
        std::env::set_var("FONTCONFIG_FILE", configuration);
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
}
