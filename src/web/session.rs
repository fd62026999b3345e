//! The cookie that identifies a browser's session, and the token that each form of a session must
//! contain.

use axum::http::header::{COOKIE, HeaderMap};
use cookie::Cookie;

use crate::secret::token::{digest, hex};

/// The session's cookie, by its name. The name begins with `__Host-`, so browsers guarantee that it
/// was set over TLS, by this host, for all of its pages.
#[derive(Clone, Copy, Debug)]
pub struct SessionCookie(pub &'static str);

impl SessionCookie {
    /// The token that a browser has sent.
    #[must_use]
    pub fn read(self, headers: &HeaderMap) -> Option<String> {
        let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut cookies = values.flat_map(Cookie::split_parse).flatten();
        cookies.find(|cookie| cookie.name() == self.0).map(|cookie| cookie.value().to_owned())
    }

    /// The header that makes a browser keep a token for as long as it runs.
    #[must_use]
    pub fn keep(self, token: &str) -> String {
        format!("{}={token}; Path=/; Secure; HttpOnly; SameSite=Strict", self.0)
    }

    /// The header that has a browser keep a token for so many seconds, whether it runs or not.
    #[must_use]
    pub fn keep_for(self, token: &str, seconds: u32) -> String {
        format!("{}; Max-Age={seconds}", self.keep(token))
    }

    /// The header that has a browser forget the token.
    #[must_use]
    pub fn forget(self) -> String {
        format!("{}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0", self.0)
    }
}

/// The token that a form must contain, so that no other site's page can send it: derived from the
/// session's token, which no other site can read.
#[must_use]
pub fn form_token(token: &str) -> String {
    hex(&digest(&format!("form {token}")))
}

/// Whether a form came from a page of this session. Hashes are compared, so that the time taken
/// reveals nothing.
#[must_use]
pub fn is_own_form(token: &str, given: &str) -> bool {
    digest(&form_token(token)) == digest(given)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_form_belongs_to_one_token() {
        assert!(is_own_form("a", &form_token("a")));
        for given in ["", "a", &form_token("b")] {
            assert!(!is_own_form("a", given), "{given}");
        }
    }

    #[test]
    fn the_token_is_read_from_whichever_cookie_header_has_it() {
        let cookie = SessionCookie("__Host-desk");
        let mut headers = HeaderMap::new();
        assert_eq!(cookie.read(&headers), None);
        headers.append(COOKIE, HeaderValue::from_static("other=1; x__Host-desk=2"));
        assert_eq!(cookie.read(&headers), None);
        headers.append(COOKIE, HeaderValue::from_static("nonsense;  __Host-desk=abc ; z=3"));
        assert_eq!(cookie.read(&headers).as_deref(), Some("abc"));
    }
}
