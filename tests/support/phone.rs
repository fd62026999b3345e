//! The shop manager's phone: a client of the desk's pages that keeps its cookie.

#![allow(clippy::indexing_slicing, reason = "a test fails by panicking")]

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};

/// A client that accepts any certificate, as a manager does after comparing the fingerprint.
pub(crate) fn client() -> reqwest::Client {
    client_at(1)
}

/// As [`client`], from another address of this machine: 127.0.0.1, 127.0.0.2 and so on.
pub(crate) fn client_at(last: u8) -> reqwest::Client {
    // Another test of this process may have done so already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .local_address(std::net::IpAddr::from([127, 0, 0, last]))
        .tls_danger_accept_invalid_certs(true)
        .tls_info(true)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

pub(crate) struct Phone {
    pub(crate) url: String,
    pub(crate) client: reqwest::Client,
    pub(crate) cookie: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) to: Option<String>,
    pub(crate) cookie: Option<String>,
    pub(crate) headers: reqwest::header::HeaderMap,
}

impl Phone {
    /// A phone without a session.
    pub(crate) fn new(url: &str) -> Self {
        Self { url: url.to_owned(), client: client(), cookie: None }
    }

    /// A phone whose owner has entered the PIN.
    pub(crate) async fn knowing(url: &str, pin: &str) -> Self {
        let mut phone = Self::new(url);
        let answer = phone.post("pin", &[("pin", pin)]).await;
        assert_eq!((answer.status, answer.to.as_deref()), (303, Some("/")), "{}", answer.text);
        phone.cookie = answer.cookie.map(|cookie| cookie.split(';').next().unwrap().to_owned());
        phone
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.client.get(format!("{}{path}", self.url))).await
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_with(path, fields, &[]).await
    }

    pub(crate) async fn post_with(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let body: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", value.replace(' ', "+")))
            .collect();
        let request = self
            .client
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.join("&"));
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.send(request).await
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let request = match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let headers = answer.headers().clone();
        let text = |name| {
            headers
                .get(name)
                .map(|value: &reqwest::header::HeaderValue| value.to_str().unwrap().to_owned())
        };
        Answer {
            status: answer.status().as_u16(),
            to: text(LOCATION),
            cookie: text(SET_COOKIE),
            text: String::from_utf8_lossy(&answer.bytes().await.unwrap()).into_owned(),
            headers,
        }
    }

    /// The token that each form of this phone's pages must contain.
    pub(crate) async fn form(&self) -> String {
        let page = self.get("notes").await;
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        let (_, rest) = page.text.split_once("name=\"form\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }
}
