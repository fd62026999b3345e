//! Tests of the faces for people who do not see red or green: shape alone tells them apart.

use i_slint_backend_testing::ElementHandle;
use slint::ComponentHandle as _;
use smilepost::feedback::rating::Scale;
use smilepost::feedback::survey::Survey;
use smilepost::kiosk::attendant::View;
use smilepost::kiosk::settings::Look;

type Matrix = [[f64; 3]; 3];

/// How linear red, green and blue are seen. Machado, Oliveira, Fernandes: "A
/// Physiologically-based Model for Simulation of Color Vision Deficiency", 2009, supplementary
/// tables, severity 1.0.
const PROTANOPIA: Matrix = [
    [0.152_286, 1.052_583, -0.204_868],
    [0.114_503, 0.786_281, 0.099_216],
    [-0.003_882, -0.048_116, 1.051_998],
];
const DEUTERANOPIA: Matrix = [
    [0.367_322, 0.860_646, -0.227_968],
    [0.280_085, 0.672_501, 0.047_413],
    [-0.011_820, 0.042_940, 0.968_881],
];
/// No colour at all: the luminance of sRGB in every part.
const GREY: Matrix = [[0.2126, 0.7152, 0.0722]; 3];

/// How large the faces are drawn here, in pixels.
const DIAMETER: f32 = 40.0;

fn linear(part: u8) -> f64 {
    let part = f64::from(part) / 255.0;
    if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
}

/// How light a pixel looks to somebody with these eyes.
fn lightness(rgba: &[u8], eyes: &Matrix) -> f64 {
    let seen = |row: [f64; 3]| {
        let parts = row.iter().zip(rgba).map(|(share, part)| share * linear(*part));
        parts.sum::<f64>().max(0.0)
    };
    let [red, green, blue] = eyes.map(seen);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// Which pixels within a face's ring belong to its features, row by row; none outside of the disc.
fn features(rgba: &[u8], width: usize, (left, top): (usize, usize), eyes: &Matrix) -> Vec<bool> {
    let side = DIAMETER as usize;
    let middle = (DIAMETER - 1.0) / 2.0;
    let is_inside =
        |x: usize, y: usize| (x as f32 - middle).hypot(y as f32 - middle) < DIAMETER * (0.5 - 0.07);
    let at = |x: usize, y: usize| {
        let pixel = ((top + y) * width + left + x) * 4;
        lightness(&rgba[pixel..pixel + 3], eyes)
    };
    let points = || (0..side).flat_map(|y| (0..side).map(move |x| (x, y)));
    let mut inside: Vec<f64> =
        points().filter(|&(x, y)| is_inside(x, y)).map(|(x, y)| at(x, y)).collect();
    inside.sort_by(f64::total_cmp);
    // Most of a face is its fill.
    let fill = inside[inside.len() / 2];
    points().map(|(x, y)| is_inside(x, y) && at(x, y) < fill / 2.0).collect()
}

#[test]
fn any_two_faces_differ_in_shape_at_forty_pixels_to_eyes_without_colour() {
    let settings = super::nordmarkt(Look::Light);
    let screen = super::screen(&settings);
    // As wide as makes the faces that large: see the sizes in `ask.slint`.
    super::open(&screen, (250, 150), &[View::Ask(super::words(&settings))]);
    let pixels = screen.window().take_snapshot().unwrap();
    let survey = Survey::built_in(Scale::Five);
    let corners: Vec<(usize, usize)> = survey
        .question(None, "")
        .texts("en")
        .unwrap()
        .faces
        .iter()
        .map(|word| {
            let face =
                ElementHandle::find_by_accessible_label(screen.component(), word).next().unwrap();
            let (place, size) = (face.absolute_position(), face.size());
            let left = place.x + (size.width - DIAMETER) / 2.0;
            (left.round() as usize, place.y.round() as usize)
        })
        .collect();
    let width = usize::try_from(pixels.width()).unwrap();
    for (name, eyes) in
        [("protanopia", PROTANOPIA), ("deuteranopia", DEUTERANOPIA), ("no colour", GREY)]
    {
        let faces: Vec<Vec<bool>> = corners
            .iter()
            .map(|corner| features(pixels.as_bytes(), width, *corner, &eyes))
            .collect();
        for (one, features) in faces.iter().enumerate() {
            let drawn = features.iter().filter(|is_drawn| **is_drawn).count();
            assert!(
                (40..400).contains(&drawn),
                "{name}: face {one} has {drawn} pixels of features"
            );
            for (other, others) in faces.iter().enumerate().skip(one + 1) {
                let differ = features.iter().zip(others).filter(|(a, b)| a != b).count();
                println!("{name}: faces {one} and {other} differ in {differ} pixels");
                assert!(differ >= 30, "{name}: faces {one} and {other} differ in {differ} pixels");
            }
        }
    }
    screen.component().hide().unwrap();
}
