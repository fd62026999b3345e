//! What head office could want to have asked.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smilepost::feedback::rating::Scale;
use smilepost::feedback::survey::{Survey, Texts};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let faces = bytes.first().map_or(5, |byte| 3 + byte % 3);
    let Some(scale) = Scale::with_faces(faces) else { return };
    let id = lines.next().unwrap_or_default().to_owned();
    let mut texts = Vec::new();
    while let Some(language) = lines.next() {
        let question = lines.next().unwrap_or_default().to_owned();
        let faces = lines.next().unwrap_or_default().split('|').map(str::to_owned).collect();
        texts.push(Texts { language: language.to_owned(), question, faces });
    }
    if let Ok(survey) = Survey::check(&id, 1, scale, texts) {
        for language in survey.languages() {
            let texts = survey.texts(language).expect("a language it names");
            assert_eq!(texts.faces.len(), usize::from(scale.faces()));
        }
    }
});
