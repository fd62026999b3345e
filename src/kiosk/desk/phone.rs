//! The desk on the shop manager's phone: the sheets of the screen as pages on the shop's network.
//!
//! It is there only where `desk.listen` says so, and behind the same PIN. The constraint that
//! shaped it: whoever is on the shop's wireless network can knock. So nothing but the page that
//! asks for the PIN answers without one, everything has a limit (`server`), a page holds no script
//! and nothing from elsewhere, and the certificate is the kiosk's own: its fingerprint stands on
//! the screen, where nobody on the network can change it.
//!
//! Who is in is the clerk's to know ([`guests`]), beside the wrong tries at the PIN; what goes on
//! at the post is the attendant's, who is asked by an event.

mod certificate;
pub mod guests;
mod pages;
mod server;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::mpsc::SyncSender;

use tokio::sync::oneshot;

use self::certificate::Certificate;
pub use self::certificate::{CERTIFICATE_FILE, KEY_FILE};
use super::counts::clerk::Desk;
use super::sheets::sheet::{Address, Alerts, Post};
use crate::feedback::note::About;
use crate::kiosk::attendant::Event;

/// Where the page is, and under which name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// A name that the shop's network knows the kiosk by, for the address that is shown.
    pub host: Option<String>,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, or not of this machine.
    #[error("cannot listen on {0} for the desk's page")]
    Listen(SocketAddr, #[source] std::io::Error),
    /// There is no certificate, and none could be made.
    #[error("cannot make a certificate for the desk's page")]
    Certificate(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The system has no thread to give.
    #[error("cannot start the desk's page")]
    Thread(#[source] std::io::Error),
}

/// What a page asks of the attendant, with the way back.
#[derive(Debug)]
pub enum Request {
    /// How things stand.
    Look(Reply<Standing>),
    /// A note is to be kept; about an alert or a call, that takes it on.
    Note(About, String, Reply<bool>),
    /// Somebody is on the way to the shopper who asked.
    Coming(Reply<bool>),
}

/// The way back to whoever asks.
pub type Reply<T> = oneshot::Sender<T>;

/// How things stand at the post, as far as the attendant knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// What somebody should look at now.
    pub alerts: Alerts,
    /// What the attendant knows of the post; the books are the clerk's.
    pub post: Post,
}

/// The page, as the screen tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    place: Place,
    fingerprint: String,
}

impl Phone {
    /// Serves the page from a thread of its own for as long as the process lives.
    ///
    /// `told_ms` is a time that has certainly passed, in milliseconds since 1970 UTC.
    ///
    /// # Errors
    /// [`Error`] says which step failed; the kiosk goes on without the page.
    pub fn open(
        place: &Place,
        data_dir: &Path,
        told_ms: i64,
        desk: Desk,
        events: SyncSender<Event>,
    ) -> Result<Self, Error> {
        let listener = std::net::TcpListener::bind(place.listen)
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .map_err(|error| Error::Listen(place.listen, error))?;
        let listen = listener.local_addr().unwrap_or(place.listen);
        let place = Place { listen, ..place.clone() };
        let certificate =
            Certificate::read_or_make(data_dir, told_ms).map_err(Error::Certificate)?;
        let fingerprint = certificate.fingerprint();
        let acceptor = certificate.acceptor().map_err(Error::Certificate)?;
        let routes = pages::routes(desk, events);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Error::Thread)?;
        let serve = move || {
            runtime.block_on(async {
                match tokio::net::TcpListener::from_std(listener) {
                    Ok(listener) => server::serve(listener, acceptor, routes).await,
                    Err(error) => tracing::error!(%error, "the desk's page cannot be served"),
                }
            });
        };
        let thread = std::thread::Builder::new().name("phone".to_owned());
        thread.spawn(serve).map_err(Error::Thread)?;
        let phone = Self { place, fingerprint };
        let Address { url, fingerprint } = phone.address();
        tracing::info!(url, fingerprint, "the desk's page for phones");
        Ok(phone)
    }

    /// Where the page is found now, since a shop's network may give the kiosk another address.
    #[must_use]
    pub fn address(&self) -> Address {
        let Place { listen, host } = &self.place;
        let port = listen.port();
        let host = host.clone().unwrap_or_else(|| {
            let ip = if listen.ip().is_unspecified() { own_ip(listen) } else { listen.ip() };
            match ip {
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            }
        });
        Address { url: format!("https://{host}:{port}/"), fingerprint: self.fingerprint.clone() }
    }
}

/// The address by which this machine would speak to others; nothing is sent to find it out.
fn own_ip(listen: &SocketAddr) -> IpAddr {
    // Addresses that stand in for any machine elsewhere: RFC 5737 and RFC 3849.
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
