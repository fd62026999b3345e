//! Fuzzes surveys: whatever head office may write.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smilepost::wire::survey::Survey;

fuzz_target!(|bytes: &[u8]| {
    let Ok(shape) = serde_json::from_slice::<Survey>(bytes) else { return };
    let Ok(survey) = shape.check() else { return };
    for language in survey.languages() {
        for question in &survey.parts().questions {
            let texts = question.texts(language).expect("a language it names");
            assert_eq!(texts.faces.len(), usize::from(question.scale.faces()));
        }
    }
    let _ = survey.question(None, "");
});
