//! The way to one hub: whom to believe there, through which proxy, with what limits.
//!
//! Everything that the way is made of is in files that somebody may cure or renew while the kiosk
//! runs. So they are looked at before each use: the way is made anew when one has changed, and the
//! former one is kept where the new one cannot be used.

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Client, Url, redirect};

use super::client::Clock;
use super::error::Error;
use super::proxy::{Proxy, is_this_machine};
use super::renewed::Renewed;
use super::trust::tls;
use super::why;
use crate::kiosk::settings;

/// The way to a hub.
pub(super) struct Connector {
    settings: settings::Uplink,
    hub: Url,
    clock: Clock,
    way: Renewed<Way>,
}

/// A way as it was made.
struct Way {
    client: Client,
    proxy: Option<Proxy>,
}

impl Connector {
    /// A way to the hub at this address.
    ///
    /// # Errors
    /// When the address is not a hub's.
    pub(super) fn to(settings: &settings::Uplink, hub: &str, clock: Clock) -> Result<Self, Error> {
        let hub = address(hub)?;
        Ok(Self { settings: settings.clone(), hub, clock, way: Renewed::new() })
    }

    /// A way to the same hub at another address.
    ///
    /// # Errors
    /// When the address is not a hub's.
    pub(super) fn at(&self, hub: &str) -> Result<Self, Error> {
        Self::to(&self.settings, hub, self.clock.clone())
    }

    /// The hub's address, to which paths are added.
    pub(super) fn hub(&self) -> &str {
        self.hub.as_str().trim_end_matches('/')
    }

    /// What sends on this way.
    ///
    /// # Errors
    /// When it cannot be made and never was.
    pub(super) fn client(&mut self) -> Result<Client, Error> {
        let Self { settings, hub, clock, way } = self;
        let files = [settings.ca_file.as_deref(), settings.proxy_password_file.as_deref()];
        Ok(way.of(&files, || make(settings, hub, clock))?.client.clone())
    }

    /// Looks at everything anew, the system's certificates too: one of the hub was not believed.
    pub(super) fn doubt(&mut self) {
        self.clock.doubt();
        self.way.doubt();
    }

    /// The host and port of the hub, and the proxy before it, if there is one.
    pub(super) fn ends(&self) -> (&str, u16, Option<String>) {
        let host = self.hub.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let port = self.hub.port_or_known_default().unwrap_or_default();
        let proxy = self.way.made().and_then(|way| way.proxy.as_ref());
        (host, port, proxy.map(ToString::to_string))
    }

    /// Why a request on this way failed, for a person.
    pub(super) fn why(&self, error: &reqwest::Error) -> String {
        let proxy = self.way.made().and_then(|way| way.proxy.as_ref());
        why::why(error, &self.hub, proxy, self.settings.ca_file.as_deref())
    }
}

fn make(settings: &settings::Uplink, hub: &Url, clock: &Clock) -> Result<Way, Error> {
    let password_file = settings.proxy_password_file.as_deref();
    let variable = |name: &str| std::env::var(name).ok();
    let proxy = Proxy::on_the_way(&settings.proxy, password_file, hub, variable)?;
    // A proxy that packs what it was not asked to pack would not be understood.
    let plain = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("identity"))]);
    let builder = Client::builder()
        .connect_timeout(settings.connect_timeout)
        .read_timeout(settings.read_timeout)
        .timeout(settings.timeout)
        .redirect(redirect::Policy::none())
        .default_headers(plain)
        // The HTTP client has ideas of its own about the environment.
        .no_proxy()
        .tls_backend_preconfigured(tls(settings.ca_file.as_deref(), clock.clone())?);
    let builder = match &proxy {
        Some(proxy) => builder.proxy(proxy.for_client()?),
        None => builder,
    };
    Ok(Way { client: builder.build().map_err(Error::Client)?, proxy })
}

/// The address of a hub, which may have a path below which the hub is.
fn address(text: &str) -> Result<Url, Error> {
    let wrong = |what| Error::Address { address: text.to_owned(), what };
    let url = Url::parse(text.trim()).map_err(|_| wrong("has no https:// in front, or no host"))?;
    let is_bare = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    match url.scheme() {
        "https" | "http" if url.host_str().is_none() => Err(wrong("has no host")),
        "https" | "http" if !is_bare => Err(wrong("has more in it than host, port and path")),
        "http" if !is_this_machine(&url) => {
            Err(wrong("would send the kiosk's token over plain HTTP, for others to read"))
        }
        "https" | "http" => Ok(url),
        _ => Err(wrong("does not begin with https://")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_may_be_below_a_path_and_plain_http_is_for_this_machine_alone() {
        for (text, becomes) in [
            ("https://hub.example.com", "https://hub.example.com/"),
            ("https://example.com/smilepost/", "https://example.com/smilepost/"),
            (" https://Example.com:8480/a/b ", "https://example.com:8480/a/b"),
            ("http://[::1]:8480", "http://[::1]:8480/"),
            ("http://localhost", "http://localhost/"),
        ] {
            assert_eq!(address(text).unwrap().as_str(), becomes);
        }
        for (text, why) in [
            ("hub.example.com", "has no https://"),
            ("http://hub.example.com", "over plain HTTP"),
            ("http://127.0.0.1.example.com", "over plain HTTP"),
            ("https://name:word@hub.example.com", "more in it"),
            ("https://hub.example.com/?a=b", "more in it"),
            ("ftp://127.0.0.1", "does not begin with https://"),
            ("https://", "no host"),
        ] {
            let said = address(text).unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
        }
    }
}
