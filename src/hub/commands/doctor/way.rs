//! The way to the hub, tried as kiosks and browsers come, as far as it can be from here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::Duration;

use axum::http::Uri;
use tokio::time::timeout;

use crate::escape::Plain;
use crate::finding::{Finding, fine, note, wrong};
use crate::hub::settings::Settings;
use crate::web::server::Chain;
use crate::web::server::certificate::{Belief, belief, read};
use crate::web::server::visitor::{Answer, Failed, ask};

/// How long each step may take.
const STEP_MAX: Duration = Duration::from_secs(8);

/// One of the hub's listeners, and what its answer is known by.
struct Listener<'a> {
    what: &'a str,
    key: &'a str,
    address: SocketAddr,
    host: String,
    path: &'a str,
    sign: &'a str,
}

/// The address that kiosks come by.
pub(super) struct Public {
    url: String,
    is_tls: bool,
    /// Its name or IP address.
    pub(super) host: String,
    authority: String,
    port: u16,
    path: String,
}

impl Public {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it, as a finding.
    pub(super) fn read(text: &str) -> Result<Self, Finding> {
        let typed = Plain(text).to_string();
        let uri: Option<Uri> = text.trim().trim_end_matches('/').parse().ok();
        let parts = uri.as_ref().and_then(|uri| {
            let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
            let is_tls = match scheme {
                "https" => true,
                "http" => false,
                _ => return None,
            };
            let host = authority.host().trim_matches(['[', ']']).to_owned();
            let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
            let path = uri.path().trim_end_matches('/').to_owned();
            let authority = authority.to_string();
            Some(Self { url: typed.clone(), is_tls, host, authority, port, path })
        });
        let public = parts.ok_or_else(|| {
            wrong(format!("way: {typed} is not an address such as https://hub.example.org"))
        })?;
        let ip = public.host.parse::<IpAddr>();
        if !public.is_tls && public.host != "localhost" && !ip.is_ok_and(|ip| ip.is_loopback()) {
            return Err(wrong(format!(
                "way: {typed} is plain HTTP, by which no kiosk of another machine comes: use https"
            )));
        }
        Ok(public)
    }
}

/// Tries both listeners; `chain` is what the certificate's file has.
pub(super) async fn listeners(settings: &Settings, chain: Option<&Chain>) -> Vec<Finding> {
    let own = chain.and_then(|chain| chain.first()).and_then(read);
    let name = own.and_then(|says| says.names.into_iter().find(|name| !name.starts_with('*')));
    let at = |address: SocketAddr| SocketAddr::new(near(address.ip()), address.port());
    let people = match settings.dashboard_names.first() {
        Some(name) => name.clone(),
        None if settings.dashboard.ip().is_loopback() => "localhost".to_owned(),
        None => at(settings.dashboard).to_string(),
    };
    let kiosks = Listener {
        what: "kiosks",
        key: "listen",
        address: settings.listen,
        host: name.clone().unwrap_or_else(|| at(settings.listen).to_string()),
        path: "/healthz",
        sign: "alive",
    };
    let page = Listener {
        what: "dashboard",
        key: "dashboard.listen",
        address: settings.dashboard,
        host: people,
        path: "/",
        sign: "<title>Smilepost</title>",
    };
    let name = name.unwrap_or_else(|| at(settings.listen).ip().to_string());
    let both = [kiosks, page];
    let mut findings = Vec::new();
    for listener in &both {
        findings.push(listener.look(settings, chain, &name).await);
    }
    findings
}

/// The address of this machine at which it reaches a listener.
const fn near(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    }
}

impl Listener<'_> {
    /// Whether the hub answers at an address, or could.
    async fn look(&self, settings: &Settings, chain: Option<&Chain>, name: &str) -> Finding {
        let Self { what, key, address, .. } = self;
        let near = SocketAddr::new(near(address.ip()), address.port());
        let of_tls = settings.tls.as_ref().map(|_| name);
        let other = format!(
            "is it another program? Change {key}, or restart the hub, which goes by the hub.toml \
             that it was started with"
        );
        let asked = timeout(STEP_MAX, ask(near, &self.host, of_tls, self.path));
        let answer = match asked.await {
            Err(_) => {
                return wrong(format!(
                    "{what}: something at {address} takes connections and does not answer as a hub \
                     does in {} seconds: {other}",
                    STEP_MAX.as_secs()
                ));
            }
            Ok(Err(Failed::Connecting(_))) => return self.nobody(),
            Ok(Err(Failed::Securing(error))) => {
                return wrong(format!(
                    "{what}: something at {address} takes connections and does not speak TLS as \
                     hub.toml says ({error}): {other}"
                ));
            }
            Ok(Err(Failed::Asking(error))) => {
                return wrong(format!(
                    "{what}: something at {address} takes connections and does not answer as a hub \
                     does ({error}): {other}"
                ));
            }
            Ok(Ok(answer)) => answer,
        };
        let files = settings.tls.as_ref().map(|files| files.certificate.display());
        if let (Some(chain), Some(file)) = (chain, &files)
            && *chain != answer.chain
        {
            return wrong(format!(
                "{what}: the hub at {address} shows another certificate than {file} has: its log \
                 says why; `sudo systemctl restart smilepost-hub` shows the new one"
            ));
        }
        if answer.status.is_success() && answer.body.contains(self.sign) {
            let with = files.map(|file| format!(", with the certificate of {file}"));
            return fine(format!(
                "{what}: the hub answers at {address}{}",
                with.unwrap_or_default()
            ));
        }
        if !settings.proxies.let_in(near.ip()) {
            return note(format!(
                "{what}: {address} takes connections, but serves only trusted_proxies \
                 (tls_at_proxy): what it answers cannot be seen from here, only by way of the proxy"
            ));
        }
        let status = answer.status;
        wrong(format!(
            "{what}: {address} answers {status}, and not as a hub does: see the hub's log; {other}"
        ))
    }

    /// Nobody takes connections: whether the hub could.
    fn nobody(&self) -> Finding {
        let Self { what, key, address, .. } = self;
        match TcpListener::bind(address) {
            Ok(_) => note(format!(
                "{what}: nobody listens at {address}: `sudo systemctl start smilepost-hub`, then \
                 ask again"
            )),
            Err(error) => wrong(format!(
                "{what}: the hub cannot listen at {address} ({error}): change {key}, or give this \
                 machine the address"
            )),
        }
    }
}

/// What nobody can see from here, where no address was given.
pub(super) fn unseen(settings: &Settings) -> Finding {
    let proxy = match settings.listen.ip().is_loopback() {
        true => "listen is this machine's own address, so that kiosks come by a reverse proxy; ",
        false => "",
    };
    note(format!(
        "way: {proxy}whether they reach this hub from their shops cannot be seen from here: \
         `smilepost-hub doctor https://NAME` tries the address that they were enrolled with, and \
         `smilepost-kiosk doctor` in a shop tries the rest"
    ))
}

/// Tries the address that kiosks come by, step by step, at this time in milliseconds since 1970
/// UTC.
pub(super) async fn public(public: &Public, now_ms: i64) -> Finding {
    let url = &public.url;
    match steps(public, now_ms).await {
        Err(why) => wrong(format!("way: {url}: {why}")),
        Ok((done, None)) => fine(format!(
            "way: {url}: {done} work from here; a shop's own firewall and name server cannot be \
             seen from here"
        )),
        Ok((done, Some(need))) => note(format!("way: {url}: {done} work from here; {need}")),
    }
}

/// What worked, and what kiosks need beside it.
async fn steps(public: &Public, now_ms: i64) -> Result<(String, Option<String>), String> {
    let Public { host, authority, port, path, .. } = public;
    let found = match timeout(STEP_MAX, tokio::net::lookup_host((host.as_str(), *port))).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            return Err(format!(
                "the name {host} is not found ({error}): have it entered in the name server, or \
                 check how it is written"
            ));
        }
        Err(_) => return Err(format!("no name server has answered for {host}: check the network")),
    };
    let of_tls = public.is_tls.then_some(host.as_str());
    let alive = format!("{path}/healthz");
    let mut last = "it has no address".to_owned();
    for address in found {
        let asked = ask(address, authority, of_tls, &alive);
        match timeout(STEP_MAX, asked).await {
            Ok(Ok(answer)) => return judge(public, address, &answer, now_ms),
            Ok(Err(Failed::Connecting(error))) => last = format!("{address}: {error}"),
            Ok(Err(Failed::Securing(error))) => {
                return Err(format!(
                    "{address} does not speak TLS ({error}): is the port right, and has the hub or \
                     the proxy before it a certificate?"
                ));
            }
            Ok(Err(Failed::Asking(error))) => {
                return Err(format!("{address} does not speak HTTP ({error}): is the port right?"));
            }
            Err(_) => last = format!("{address} does not answer"),
        }
    }
    Err(format!(
        "there is no connection to {host} ({last}): does the firewall let port {port} through, and \
         does the router pass it on? Some routers lead no machine back to itself: try it from \
         another network then"
    ))
}

fn judge(
    public: &Public,
    address: SocketAddr,
    answer: &Answer,
    now_ms: i64,
) -> Result<(String, Option<String>), String> {
    let Public { host, .. } = public;
    let mut need = None;
    if public.is_tls {
        let says = answer.chain.first().and_then(read);
        let names = says.map(|says| says.names.join(", ")).unwrap_or_default();
        let names = Plain(names);
        match belief(&answer.chain, host, now_ms) {
            Belief::Everybody => {}
            Belief::WhoHasIt => {
                need = Some(
                    "its certificate is signed by nobody whom this system believes, so that each \
                     kiosk needs it, or that of who signed it, in the file of uplink.ca_file"
                        .to_owned(),
                );
            }
            Belief::NotForName => {
                return Err(format!(
                    "the certificate there is not for {host}, but for {names}: have one made that \
                     is, or enrol kiosks by such a name"
                ));
            }
            Belief::NotNow => {
                return Err(
                    "the certificate there, or one that it builds on, has expired or is not valid \
                     yet, by the clock of this machine: renew it"
                        .to_owned(),
                );
            }
            Belief::Nobody => {
                return Err(
                    "the certificate there is believed by nobody: have a new one made".to_owned()
                );
            }
        }
    }
    let status = answer.status;
    if !status.is_success() || !answer.body.starts_with("alive") {
        return Err(format!(
            "{address} answered {status}, but not as a hub does: is it the hub's address, and does \
             the proxy before it pass on every path?"
        ));
    }
    let safely = if public.is_tls { "its certificate" } else { "plain HTTP" };
    Ok((format!("the name, a connection to {address}, {safely} and the hub"), need))
}
