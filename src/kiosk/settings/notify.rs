//! Where somebody in the shop is told that they are needed: an address on the shop's network.

use serde::Deserialize;

use crate::config::Complaints;

/// The longest address, in bytes.
const URL_BYTES_MAX: usize = 2_000;

/// An address that gets a POST.
#[derive(Clone, PartialEq, Eq)]
pub struct Notify {
    /// Such as `http://192.168.1.5:8123/api/webhook/post-1`.
    pub url: String,
    /// What the body is.
    pub format: Format,
}

/// The address may have a secret in it, so no log shows more than its host.
impl std::fmt::Debug for Notify {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notify").field("host", &self.host()).field("format", &self.format).finish()
    }
}

/// What is posted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// One sentence, as ntfy shows it.
    #[default]
    Text,
    /// An object with the sentence and its parts.
    Json,
}

impl Notify {
    /// The address, if one is given and can be one.
    pub(super) fn check(
        url: Option<String>,
        format: Format,
        key: &str,
        complaints: &mut Complaints,
    ) -> Option<Self> {
        let notify = Self { url: url?, format };
        let is_plain = notify.url.bytes().all(|byte| byte.is_ascii_graphic());
        let is_address = is_plain && notify.url.len() <= URL_BYTES_MAX && !notify.host().is_empty();
        let what = "is not an address such as http://192.168.1.5:8080/kiosk";
        complaints.unless(is_address, key, what);
        Some(notify)
    }

    /// Host and port; empty where the address has none, or is no web address.
    #[must_use]
    pub fn host(&self) -> &str {
        let schemes = ["http://", "https://"];
        let rest = schemes.iter().find_map(|scheme| self.url.strip_prefix(scheme));
        let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
        authority.and_then(|authority| authority.rsplit('@').next()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_its_secrets_stay_out_of_the_log() {
        let host =
            |url: &str| Notify { url: url.to_owned(), format: Format::Text }.host().to_owned();
        assert_eq!(host("http://192.168.1.5:8123/api/webhook/s3cret"), "192.168.1.5:8123");
        assert_eq!(host("https://me:s3cret@ntfy.shop.lan?up=1"), "ntfy.shop.lan");
        for bad in ["", "http://", "http:///kiosk", "ftp://there", "ntfy.shop.lan/kiosk"] {
            assert_eq!(host(bad), "", "{bad:?}");
        }
        let url = "https://me:s3cret@there/s3cret".to_owned();
        assert!(!format!("{:?}", Notify { url, format: Format::Json }).contains("s3cret"));
    }
}
