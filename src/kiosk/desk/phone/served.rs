//! The page for phones, served over TLS on the shop's network.
//!
//! It is there only where `desk.listen` says so, and behind the same PIN. The constraint that
//! shaped it: whoever is on the shop's wireless network can knock. So nothing but the page that
//! asks for the PIN answers without one, everything has a limit ([`server`]), a page holds no
//! script and nothing from elsewhere, and the certificate is the kiosk's own: its fingerprint
//! stands on the screen, where nobody on the network can change it.
//!
//! [`sessions`] alone knows who is in, and the wrong tries at the PIN; the numbers come from the
//! clerk, and what goes on at the kiosk from the attendant, who is asked by a closure.

mod certificate;
mod entrance;
mod pages;
mod sessions;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use self::certificate::Certificate;
use self::entrance::Entrance;
use self::sessions::Sessions;
use super::talk::{Busy, Error, Request};
use crate::kiosk::desk::counts::clerk::ClerkThread;
use crate::kiosk::desk::sheets::sheet::Address;
use crate::kiosk::settings::PhoneListen;
use crate::web::hosts::Hosts;
use crate::web::proxies::Proxies;
use crate::web::server::{self, Shown};

/// The page as the screen shows it: its address and fingerprint.
#[derive(Clone, Debug)]
pub struct Phone {
    listen: PhoneListen,
    /// Of the certificate that is shown, which is replaced when it gets old.
    fingerprint: Arc<RwLock<String>>,
}

impl Phone {
    /// Serves the page from a thread of its own for as long as the process lives.
    ///
    /// `told_ms` is a time that has certainly passed, in milliseconds since 1970 UTC; `ask` passes
    /// a request on to the attendant. An address that this machine does not have yet, or that is
    /// taken, is tried again for ever; `tell` gets why it is not served, and nothing once it is.
    ///
    /// # Errors
    /// [`Error`] says which step failed; the kiosk goes on without the page.
    pub fn open(
        listen: &PhoneListen,
        data_dir: &Path,
        told_ms: i64,
        clerk: ClerkThread,
        ask: impl Fn(Request) -> Result<(), Busy> + Send + Sync + 'static,
        tell: impl Fn(Option<String>) + Send + 'static,
    ) -> Result<Self, Error> {
        let wanted = listen.address;
        let bound = bind(wanted);
        let address =
            bound.as_ref().map_or(wanted, |listener| listener.local_addr().unwrap_or(wanted));
        let listen = PhoneListen { address, ..listen.clone() };
        let certificate =
            Certificate::read_or_make(data_dir, told_ms).map_err(Error::Certificate)?;
        let fingerprint = Arc::new(RwLock::new(certificate.fingerprint()));
        let tls = |error: rustls::Error| Error::Certificate(error.into());
        let shown = Shown::new(certificate.pair()).map_err(tls)?;
        let acceptor = shown.acceptor().map_err(tls)?;
        let sessions = Sessions::new(data_dir, clerk.clocks().boot_ms);
        let (limits, hosts) = (listen.limits, hosts(&listen));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Error::Thread)?;
        let folder = data_dir.to_owned();
        let (told, clocks) = (Arc::clone(&fingerprint), clerk.clone());
        let serve = move || {
            runtime.block_on(async {
                let now_ms = move || clocks.clocks().wall_ms.max(told_ms);
                tokio::spawn(certificate::keep(folder, shown, told, now_ms));
                let listener = match bound {
                    Ok(listener) => listener,
                    Err(error) => bind_again(wanted, &error, tell).await,
                };
                let entrance = Entrance::open(sessions);
                let routes = pages::routes(clerk, entrance, Box::new(ask), limits, hosts);
                // The page ends with the process.
                let (_stopper, stop) = server::stopper();
                let (tls, limits, grace) = (Some(acceptor), limits.connections, Duration::ZERO);
                match tokio::net::TcpListener::from_std(listener) {
                    Ok(listener) => {
                        let none = Proxies::default();
                        server::serve(listener, tls, routes, limits, none, stop, grace).await;
                    }
                    Err(error) => tracing::error!(%error, "the desk's page cannot be served"),
                }
            });
        };
        let thread = std::thread::Builder::new().name("phone".to_owned());
        thread.spawn(serve).map_err(Error::Thread)?;
        let phone = Self { listen, fingerprint };
        let Address { url, fingerprint } = phone.address();
        tracing::info!(url, fingerprint, "the desk's page for phones");
        Ok(phone)
    }

    /// Where the page is found now, since a shop's network may give the kiosk another address.
    #[must_use]
    pub fn address(&self) -> Address {
        let PhoneListen { address: listen, host, .. } = &self.listen;
        let fingerprint = self.fingerprint.read().unwrap_or_else(PoisonError::into_inner).clone();
        let port = listen.port();
        let host = host.clone().unwrap_or_else(|| {
            let ip = if listen.ip().is_unspecified() { own_ip(listen) } else { listen.ip() };
            match ip {
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            }
        });
        Address { url: format!("https://{host}:{port}/"), fingerprint }
    }
}

/// How long until an address is tried again.
const RETRY: Duration = Duration::from_secs(2);

fn bind(address: SocketAddr) -> std::io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Tries an address until it is this machine's, and free.
async fn bind_again(
    address: SocketAddr,
    first: &std::io::Error,
    tell: impl Fn(Option<String>),
) -> std::net::TcpListener {
    let mut last = first.to_string();
    tracing::error!(%address, error = last, "the desk's page cannot listen; it is tried again");
    tell(Some(format!("cannot listen on {address}: {last}")));
    loop {
        tokio::time::sleep(RETRY).await;
        match bind(address) {
            Ok(listener) => {
                tracing::info!(%address, "the desk's page listens now");
                tell(None);
                return listener;
            }
            Err(error) => {
                let error = error.to_string();
                if error != last {
                    tell(Some(format!("cannot listen on {address}: {error}")));
                    last = error;
                }
            }
        }
    }
}

/// The names that the page is asked for by. On a network it has more than anybody could list, and
/// there the PIN and the certificate keep strange pages out.
fn hosts(listen: &PhoneListen) -> Hosts {
    let PhoneListen { address, host, .. } = listen;
    let names: Vec<String> = host.iter().filter(|_| address.ip().is_loopback()).cloned().collect();
    let cure = "On the kiosk itself the page is at https://localhost with the port of desk.listen. \
                If this name is your reverse proxy's, set it as desk.host in kiosk.toml.";
    Hosts::at(*address, &names, cure)
}

/// This machine's address on the network; nothing is sent to find it out.
fn own_ip(listen: &SocketAddr) -> IpAddr {
    // Addresses that stand for any other machine: RFC 5737 and RFC 3849.
    let elsewhere: [(IpAddr, IpAddr); 2] = [
        (Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into()),
        (Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()),
    ];
    let usable = elsewhere.into_iter().filter(|(own, _)| own.is_ipv4() || listen.is_ipv6());
    let mut own = usable.filter_map(|(own, other)| {
        let socket = UdpSocket::bind((own, 0)).ok()?;
        socket.connect((other, 9)).ok()?;
        Some(socket.local_addr().ok()?.ip())
    });
    own.next().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

/// A QR code of a text: how many squares it is wide, and which of them are dark, by rows.
#[must_use]
pub fn qr_code(text: &str) -> Option<(usize, Vec<bool>)> {
    let code = qrcodegen::QrCode::encode_text(text, qrcodegen::QrCodeEcc::Medium).ok()?;
    let size = code.size();
    let squares = (0..size).flat_map(|y| (0..size).map(move |x| (x, y)));
    let squares = squares.map(|(x, y)| code.get_module(x, y)).collect();
    Some((usize::try_from(size).ok()?, squares))
}
