//! The fonts to draw with: ours, and one of the system's for each script that ours lack.
//!
//! Noto Sans and Noto Sans Arabic have Latin, Greek, Cyrillic and Arabic and come with the program.
//! The thousands of characters of Chinese, Japanese and Korean would be larger than the program
//! itself, so those fonts must be the system's, and a language with a character that no font has is
//! not offered.
//!
//! For every text that it lays out, the font system walks and copies the list of all the families
//! that it knows, and a desktop has hundreds of them. So [`bring_fonts`] chooses some and hides the
//! system's fonts from it; each screen then registers those that were chosen. A survey that comes
//! while the kiosk runs may need others: [`bring_more`] looks for them again.

mod found;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use fontique::{
    Blob, Collection, CollectionOptions, FallbackKey, FamilyId, GenericFamily, Script, SourceCache,
    SourceKind,
};

pub use self::found::Fonts;
use self::found::{ARABIC, FONT, REGULAR, face};

/// The families that come with the program; a system's family of the same name is not used.
const OURS: [&str; 2] = ["Noto Sans", "Noto Sans Arabic"];

/// The weights that the screens use, and the one that stands in for them.
const WEIGHTS: [f32; 3] = [REGULAR, 600.0, 700.0];

/// Scripts whose font must be the system's: the script, a letter of it, and the family of Debian's
/// packages, which is preferred to any other.
const OF_THE_SYSTEM: [([u8; 4], char, &str); 23] = [
    (*b"Hira", 'あ', "Noto Sans CJK JP"),
    (*b"Hani", '中', "Noto Sans CJK SC"),
    (*b"Hang", '한', "Noto Sans CJK KR"),
    (*b"Hebr", 'א', "Noto Sans Hebrew"),
    (*b"Deva", 'अ', "Noto Sans Devanagari"),
    (*b"Thai", 'ก', "Noto Sans Thai"),
    (*b"Armn", 'Ա', "Noto Sans Armenian"),
    (*b"Geor", 'ა', "Noto Sans Georgian"),
    (*b"Beng", 'অ', "Noto Sans Bengali"),
    (*b"Guru", 'ਅ', "Noto Sans Gurmukhi"),
    (*b"Gujr", 'અ', "Noto Sans Gujarati"),
    (*b"Orya", 'ଅ', "Noto Sans Oriya"),
    (*b"Taml", 'அ', "Noto Sans Tamil"),
    (*b"Telu", 'అ', "Noto Sans Telugu"),
    (*b"Knda", 'ಅ', "Noto Sans Kannada"),
    (*b"Mlym", 'അ', "Noto Sans Malayalam"),
    (*b"Sinh", 'අ', "Noto Sans Sinhala"),
    (*b"Laoo", 'ກ', "Noto Sans Lao"),
    (*b"Mymr", 'က', "Noto Sans Myanmar"),
    (*b"Khmr", 'ក', "Noto Sans Khmer"),
    (*b"Tibt", 'ཀ', "Noto Serif Tibetan"),
    (*b"Ethi", 'አ', "Noto Sans Ethiopic"),
    (*b"Thaa", 'ހ', "Noto Sans Thaana"),
];

/// Families that are searched for symbols that ours lack, after the system's usual one.
const SIGNS: [&str; 4] =
    ["DejaVu Sans", "Noto Sans Symbols", "Noto Sans Symbols2", "Noto Sans Symbols 2"];

/// The fonts of the system that the program uses.
#[derive(Debug)]
struct Lent {
    /// Where our font and the configurations of fontconfig are.
    folder: PathBuf,
    /// The families for symbols and emoji, in the order in which they are searched.
    signs: Vec<String>,
    /// The family for each script.
    scripts: Vec<([u8; 4], String)>,
    /// The files that those families are in.
    files: Vec<PathBuf>,
    /// All of the fonts to draw with.
    fonts: Fonts,
}

/// What was chosen, when this program started or for a survey that came later. It is replaced as a
/// whole and seldom, and nobody holds it for longer than it takes to copy the handle.
static LENT: RwLock<Option<Arc<Lent>>> = RwLock::new(None);

fn lent() -> Option<Arc<Lent>> {
    // Whoever panicked here has left the former choice, or none, as a whole.
    LENT.read().unwrap_or_else(PoisonError::into_inner).clone()
}

fn lend(lent: Lent) {
    *LENT.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(lent));
}

/// The fonts that [`bring_fonts_for`], [`look_for_fonts`] or [`bring_more`] has chosen last; ours
/// alone where none was called.
#[must_use]
pub fn chosen() -> Fonts {
    lent().map_or_else(Fonts::own, |lent| lent.fonts.clone())
}

impl Lent {
    /// Chooses among the fonts of the system; for these texts, a font for every character that any
    /// font has.
    fn choose(system: &mut Collection, folder: &Path, texts: &str) -> Self {
        let mut cache = SourceCache::default();
        let fonts = Fonts::own();
        let folder = folder.to_owned();
        let (signs, scripts, files) = (Vec::new(), Vec::new(), Vec::new());
        let mut lent = Self { folder, signs, scripts, files, fonts };
        let mut faces = Vec::new();
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
            faces.extend(taken.as_ref().and_then(|_| face(system, &mut cache, family, REGULAR)));
            lent.signs.extend(taken);
        }
        for (script, letter, name) in OF_THE_SYSTEM {
            let named = system.family_id(name);
            let mut known = usual.into_iter().chain(named);
            let found = known.find(|family| draws(system, &mut cache, *family, letter));
            let found = found.or_else(|| {
                // If no font has the script, the font system names one without the letter.
                let nearest = system.fallback_families(key(script)).next();
                nearest.filter(|family| draws(system, &mut cache, *family, letter))
            });
            if let Some(family) = found
                && let Some(name) = lent.take(system, &mut cache, family)
            {
                faces.extend(face(system, &mut cache, family, REGULAR));
                lent.scripts.push((script, name));
            }
        }
        lent.fonts = lent.fonts.with(faces);
        lent.search(system, &mut cache, texts);
        lent
    }

    /// Looks for the characters that are still lacking in every font of the system.
    fn search(&mut self, system: &mut Collection, cache: &mut SourceCache, texts: &str) {
        let mut lacking: BTreeSet<char> = self.fonts.lacking(texts);
        if lacking.is_empty() {
            return;
        }
        let mut names: Vec<String> = system.family_names().map(str::to_owned).collect();
        names.sort();
        let mut faces = Vec::new();
        for name in names {
            let Some(family) = system.family_id(&name) else {
                continue;
            };
            let Some(found) = face(system, cache, family, REGULAR) else {
                continue;
            };
            if found::take(&found, &mut lacking)
                && let Some(name) = self.take(system, cache, family)
            {
                self.signs.push(name);
                faces.push(found);
            }
            if lacking.is_empty() {
                break;
            }
        }
        self.fonts = self.fonts.with(faces);
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

/// What the font system of a thread knows: Slint has one for each thread.
#[derive(Default)]
struct Taught {
    has_ours: bool,
    files: BTreeSet<PathBuf>,
    signs: BTreeSet<String>,
    scripts: BTreeSet<[u8; 4]>,
}

thread_local! {
    static TAUGHT: RefCell<Taught> = RefCell::default();
}

/// Registers the chosen fonts of the system and our fonts for Arabic, for everything that Slint
/// draws from now on on this thread; what it knows already is left alone.
pub(super) fn teach() {
    TAUGHT.with_borrow_mut(|taught| {
        let mut collection = slint::fontique_011::shared_collection();
        if let Some(lent) = lent() {
            register(&mut collection, &lent, taught);
        }
        if !std::mem::replace(&mut taught.has_ours, true) {
            register_ours(&mut collection);
        }
    });
}

fn register_ours(collection: &mut Collection) {
    let mut families = Vec::new();
    for font in ARABIC {
        let added = collection.register_fonts(Blob::new(Arc::new(font)), None);
        families.extend(added.into_iter().map(|(family, _)| family));
    }
    families.dedup();
    prefer(collection, &families);
    if !collection.set_fallbacks(key(*b"Arab"), families.into_iter()) {
        tracing::warn!("the font for Arabic could not be made known");
    }
}

fn register(collection: &mut Collection, lent: &Lent, taught: &mut Taught) {
    let is_new = |file: &&PathBuf| taught.files.insert((*file).clone());
    let files: Vec<&PathBuf> = lent.files.iter().filter(is_new).collect();
    if !files.is_empty() {
        collection.load_fonts_from_paths(files);
    }
    let mut signs = Vec::new();
    for name in lent.signs.iter().filter(|name| taught.signs.insert((*name).clone())) {
        signs.extend(collection.family_id(name));
    }
    for generic in [GenericFamily::SansSerif, GenericFamily::SystemUi, GenericFamily::Emoji] {
        collection.append_generic_families(generic, signs.iter().copied());
    }
    for (script, name) in lent.scripts.iter().filter(|(script, _)| taught.scripts.insert(*script)) {
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
/// Our font and configurations for fontconfig are written into `folder`, and an environment
/// variable points at them: call this before any other thread is started. A font for each character
/// of `texts` is looked for.
///
/// # Errors
/// When neither the folder can be written nor one for temporary files. Nothing is drawn without it:
/// the font system panics if there is not one font.
pub fn bring_fonts_for(folder: &Path, texts: &str) -> std::io::Result<()> {
    if lent().is_some() {
        return Ok(());
    }
    let folder = write(folder).or_else(|_| write(&aside()))?;
    choose(&folder, texts);
    point_at(&folder.join(OURS_ALONE));
    Ok(())
}

/// Looks once more for fonts for these texts, while a kiosk runs, where one of their characters has
/// none: in the system as it is by now. Returns whether something was found; screens that are there
/// already learn of it by [`tell_screens`].
///
/// It reads every font of the system, so that whoever waits for nobody calls it.
pub fn bring_more(texts: &str) -> bool {
    let Some(before) = lent().filter(|lent| !lent.fonts.can_draw(texts)) else {
        return false;
    };
    let more = before.folder.join(MORE);
    // The font system reads its configuration each time that it looks for fonts.
    if let Err(error) = std::fs::write(&more, configuration("", &systems_in(&before.folder))) {
        tracing::warn!(%error, file = %more.display(), "fonts are not looked for again");
        return false;
    }
    let options = CollectionOptions { shared: false, system_fonts: true };
    let found = Lent::choose(&mut Collection::new(options), &before.folder, texts);
    // What is left over is removed at the next start.
    let _ = std::fs::remove_file(&more);
    let is_more = found.fonts.lacking(texts).len() < before.fonts.lacking(texts).len();
    if is_more {
        tracing::info!("fonts for another survey were found");
        lend(found);
    }
    is_more
}

/// Has the screen of the event loop learn which fonts were chosen, before the next view.
pub fn tell_screens() {
    // Where there is no event loop yet, each screen learns it when it is made.
    let _ = slint::invoke_from_event_loop(teach);
}

/// Chooses the fonts without drawing with them, as [`bring_fonts_for`] does, and leaves no file.
///
/// # Errors
/// When no temporary folder can be written.
pub fn look_for_fonts(texts: &str) -> std::io::Result<()> {
    let aside = aside();
    let folder = write(&aside)?;
    choose(&folder, texts);
    // What is left over is in a folder for temporary files.
    let _ = std::fs::remove_dir_all(aside);
    Ok(())
}

/// A folder of our own among the temporary files.
fn aside() -> PathBuf {
    std::env::temp_dir().join(format!("smilepost-{:016x}", rand::random::<u64>()))
}

fn choose(folder: &Path, texts: &str) {
    // The system's fonts are looked for beside ours, so that there is one in any case.
    point_at(&folder.join(WITH_THE_SYSTEMS));
    let options = CollectionOptions { shared: false, system_fonts: true };
    lend(Lent::choose(&mut Collection::new(options), folder, texts));
}

/// As [`bring_fonts_for`], for no texts in particular.
///
/// # Errors
/// As there.
pub fn bring_fonts(folder: &Path) -> std::io::Result<()> {
    bring_fonts_for(folder, "")
}

/// The folder of our font and of the configurations of fontconfig.
const FOLDER: &str = "fonts";

/// The configurations of fontconfig. [`OURS_ALONE`] has [`MORE`] in it, which is there only while
/// fonts are looked for again: the environment cannot be changed any more then.
const WITH_THE_SYSTEMS: &str = "all-fonts.conf";
const OURS_ALONE: &str = "fonts.conf";
const MORE: &str = "more.conf";

/// Whether this is the folder that [`bring_fonts_for`] has made, and not somebody's own.
#[must_use]
pub fn is_own_folder(folder: &Path) -> bool {
    let is_named = folder.file_name().is_some_and(|name| name == FOLDER);
    is_named && [WITH_THE_SYSTEMS, OURS_ALONE].iter().all(|file| folder.join(file).is_file())
}

/// Writes our font and both configurations; returns where they are.
fn write(folder: &Path) -> std::io::Result<PathBuf> {
    let folder = std::path::absolute(folder)?.join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    write_new(&folder.join("NotoSans-Regular.ttf"), FONT)?;
    let given = std::env::var_os(CONFIGURED_BY).filter(|file| !file.is_empty());
    let systems = given.map_or_else(|| PathBuf::from("/etc/fonts/fonts.conf"), PathBuf::from);
    let _ = std::fs::remove_file(folder.join(MORE));
    let ours = format!("<dir>{0}</dir>\n<cachedir>{0}</cachedir>\n", escaped(&folder));
    let others = [(SYSTEMS, systems), (OURS_ALONE, folder.join(MORE))];
    for (name, other) in others {
        let text = configuration(if name == SYSTEMS { "" } else { &ours }, &other);
        write_new(&folder.join(name), text.as_bytes())?;
    }
    let text = configuration(&ours, &systems_in(&folder));
    write_new(&folder.join(WITH_THE_SYSTEMS), text.as_bytes())?;
    Ok(folder)
}

/// The configuration that only names the system's own.
const SYSTEMS: &str = "systems.conf";

fn systems_in(folder: &Path) -> PathBuf {
    folder.join(SYSTEMS)
}

/// A configuration of fontconfig that has another one in it, if that is there.
fn configuration(ours: &str, other: &Path) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE fontconfig SYSTEM \"fonts.dtd\">\n<fontconfig>\n\
         <include ignore_missing=\"yes\">{}</include>\n{ours}</fontconfig>\n",
        escaped(other)
    )
}

/// Writes a file that does not hold this already: a kiosk that runs may have it mapped.
fn write_new(file: &Path, content: &[u8]) -> std::io::Result<()> {
    let is_written = std::fs::read(file).is_ok_and(|known| known == content);
    if is_written { Ok(()) } else { std::fs::write(file, content) }
}

fn escaped(path: &Path) -> String {
    path.display().to_string().replace('&', "&amp;").replace('<', "&lt;")
}

fn point_at(configuration: &Path) {
    #[expect(unsafe_code, reason = "no other thread is there yet to read the environment")]
    // SAFETY: the caller has started no thread, as the documentation asks.
    unsafe {
        std::env::set_var(CONFIGURED_BY, configuration);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_that_lacks_the_letters_of_a_script_does_not_count_as_its_font() {
        let options = CollectionOptions { shared: false, system_fonts: false };
        let mut system = Collection::new(options);
        let added = system.register_fonts(Blob::new(Arc::new(FONT)), None);
        let ours: Vec<FamilyId> = added.iter().map(|(family, _)| *family).collect();
        system.set_generic_families(GenericFamily::SansSerif, ours.iter().copied());
        let texts = "今日のレジは Ελλάδα → ᏣᎳᎩ";
        let lent = Lent::choose(&mut system, Path::new("/nowhere"), texts);
        assert!(lent.files.is_empty() && lent.signs.is_empty() && lent.scripts.is_empty());
        let lacking: String = lent.fonts.lacking(texts).into_iter().collect();
        assert_eq!(lacking, "ᎩᎳᏣ→のはジレ今日");
    }
}
