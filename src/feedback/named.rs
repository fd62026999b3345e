//! Enums whose variants have a word each: in the journal, on the wire and in exports.

/// Declares such an enum with its words; the two are written side by side, so that neither can be
/// forgotten.
macro_rules! named {
    (
        $(#[$meta:meta])*
        pub enum $Name:ident {
            $($(#[$doc:meta])* $Variant:ident = $word:literal,)+
        }
    ) => {
        $(#[$meta])*
        pub enum $Name {
            $($(#[$doc])* $Variant,)+
        }

        impl $Name {
            /// Every variant, in the order of the declaration.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$Variant),+];

            /// The word for it in the journal, on the wire and in exports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$Variant => $word,)+
                }
            }

            /// The variant with this word; none where this version does not know the word.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    $($word => Some(Self::$Variant),)+
                    _ => None,
                }
            }
        }
    };
}

pub(super) use named;
