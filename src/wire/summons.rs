//! What an address in the shop is told when somebody is needed. Nothing of it is about a person.

use serde::{Deserialize, Serialize};

/// Somebody is needed at a kiosk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summoned {
    /// What happened: `call`, `missed`, `unhappy` or `quiet`.
    pub event: String,
    /// A sentence that says so, in the shop's language.
    pub text: String,
    /// How often it happened since it was last told, where that is more than once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// The shop's name.
    pub shop: String,
    /// Where in the shop the kiosk is; empty where nobody has said.
    pub touchpoint: String,
}
