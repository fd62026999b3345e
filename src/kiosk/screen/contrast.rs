//! Measures the contrast of the colours on the screen, for the test that every look can be read.

use slint::Model as _;

use super::colour::from_slint;
use super::generated::Theme;

/// Every pair of colours that has to be told apart: what it is, and its contrast ratio.
pub(super) fn pairs(theme: &Theme<'_>) -> Vec<(String, f64)> {
    let mut pairs = words(theme);
    pairs.extend(faces(theme));
    pairs
}

fn words(theme: &Theme<'_>) -> Vec<(String, f64)> {
    let under_finger = ratio(theme.get_finger_ink(), theme.get_finger());
    let on_filled = ratio(theme.get_paper(), theme.get_ink());
    let words =
        [("ink", theme.get_ink()), ("muted", theme.get_muted()), ("accent", theme.get_accent())];
    let grounds = [("paper", theme.get_paper()), ("card", theme.get_card())];
    let mut pairs = vec![
        ("words under a finger".to_owned(), under_finger),
        ("words on a filled pill".to_owned(), on_filled),
    ];
    for (word, ink) in words {
        for (ground, below) in grounds {
            pairs.push((format!("{word} on {ground}"), ratio(ink, below)));
        }
    }
    pairs
}

fn faces(theme: &Theme<'_>) -> Vec<(String, f64)> {
    let feature = theme.get_feature();
    let paper = theme.get_paper();
    let fills: Vec<_> = theme.get_faces().iter().chain([theme.get_face_resting()]).collect();
    let mut pairs = Vec::new();
    for (face, fill) in fills.into_iter().enumerate() {
        pairs.push((format!("features of face {face}"), ratio(feature, fill)));
        // If the fill is the colour of the paper, only the ring of the disc is seen.
        let edge = ratio(fill, paper).max(ratio(feature, paper));
        pairs.push((format!("edge of face {face}"), edge));
    }
    pairs
}

fn ratio(one: slint::Color, other: slint::Color) -> f64 {
    from_slint(one).contrast(from_slint(other))
}
