//! The five faces for web pages, as SVG that needs no style sheet.
//!
//! The kiosk's screen draws the same faces with `ui/components/face.slint`.

/// What distinguishes a face from the others, drawn on a square of 100 by 100.
struct Features {
    fill: &'static str,
    mouth: &'static str,
    brows: Option<&'static str>,
    /// Closed, arched eyes instead of open ones.
    lids: Option<&'static str>,
    is_laughing: bool,
}

const FACES: [Features; 5] = [
    Features {
        fill: "#e8695e",
        mouth: "M30 77Q38 60 50 59Q62 60 70 77",
        brows: Some("M27 25L41 31M73 25L59 31"),
        lids: None,
        is_laughing: false,
    },
    Features {
        fill: "#f2955a",
        mouth: "M31 73Q50 52 69 73",
        brows: None,
        lids: None,
        is_laughing: false,
    },
    Features {
        fill: "#f6c75a",
        mouth: "M34 68L66 68",
        brows: None,
        lids: None,
        is_laughing: false,
    },
    Features {
        fill: "#b2d36b",
        mouth: "M28 60Q50 86 72 60",
        brows: None,
        lids: None,
        is_laughing: false,
    },
    Features {
        fill: "#62bc7e",
        mouth: "M29 60L71 60Q68 84 50 84Q32 84 29 60Z",
        brows: None,
        lids: Some("M25 43Q33 31 41 43M59 43Q67 31 75 43"),
        is_laughing: true,
    },
];

/// The names of the faces if the survey has no words for them, worst first.
pub const NAMES: [&str; 5] = ["Very bad", "Bad", "Okay", "Good", "Very good"];

const INK: &str = "#1d2126";

/// The colour of a face; 0 is the worst of five.
#[must_use]
pub fn fill(face: u8) -> &'static str {
    FACES.get(usize::from(face)).map_or("none", |features| features.fill)
}

/// A face as SVG, hidden from screen readers: its word goes beside it.
#[must_use]
pub fn svg(face: u8) -> String {
    let Some(Features { fill, mouth, brows, lids, is_laughing }) = FACES.get(usize::from(face))
    else {
        return String::new();
    };
    let eyes = match lids {
        Some(lids) => format!("<path d=\"{lids}\"/>"),
        None => [33, 67]
            .map(|x| {
                let eye = format!("cx=\"{x}\" cy=\"40\" rx=\"4.3\" ry=\"6.4\"");
                format!("<ellipse {eye} fill=\"{INK}\" stroke=\"none\"/>")
            })
            .concat(),
    };
    let brows = brows.map(|brows| format!("<path d=\"{brows}\"/>")).unwrap_or_default();
    let inside = if *is_laughing { INK } else { "none" };
    let circle = format!("<circle cx=\"50\" cy=\"50\" r=\"48\" fill=\"{fill}\"/>");
    format!(
        "<svg class=\"face\" viewBox=\"0 0 100 100\" aria-hidden=\"true\" focusable=\"false\" \
         fill=\"none\" stroke=\"{INK}\" stroke-width=\"4.2\" stroke-linecap=\"round\" \
         stroke-linejoin=\"round\">{circle}{eyes}{brows}<path fill=\"{inside}\" d=\"{mouth}\"/>\
         </svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_faces_differ_and_there_is_no_sixth() {
        let drawn: std::collections::BTreeSet<String> = (0..5).map(svg).collect();
        assert_eq!(drawn.len(), 5);
        assert_eq!((svg(5), fill(5)), (String::new(), "none"));
    }
}
