//! Tells an address on the shop's network that somebody is needed.
//!
//! It runs on a thread of its own with a short queue, so that no network, fast, slow or hostile,
//! can delay a press. What cannot be told within [`TRIES`] tries is given up: a shopper who asked
//! minutes ago has gone, and the desk and the lamp say it all the same. No answer is read. The file
//! of certificates is read again whenever it has changed.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url, redirect};
use tokio::sync::mpsc;

use super::client::Clock;
use super::renewed::Renewed;
use super::trust::tls;
use super::why::is_certificate;
use super::{Error, runtime};
use crate::clock;
use crate::escape::chain;
use crate::kiosk::settings::{Format, Notify, Uplink};
use crate::wire::summons::Summoned;

/// How many messages wait at most; beyond that, the newest is dropped.
pub const WAITING_MAX: usize = 8;

/// How often a message is tried.
pub const TRIES: u32 = 6;

/// How long after the first try the second one is made; each later pause is twice as long.
const PAUSE: Duration = Duration::from_millis(500);

/// How long one try may take.
const TRY_MAX: Duration = Duration::from_secs(5);

/// How old a message may be when it is still tried again.
const AGE_MAX: Duration = Duration::from_secs(60);

/// A handle on the messenger's thread, which ends when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Messenger {
    queue: mpsc::Sender<(Summoned, u64)>,
    host: String,
}

impl Messenger {
    /// Starts a messenger to this address.
    ///
    /// Certificates that cannot be used are named in the log, and looked at again for each message.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn start(to: &Notify, settings: &Uplink) -> Result<Self, Error> {
        let host = to.host().to_owned();
        let address = Url::parse(&to.url).map_err(|_| Error::Notify { host: host.clone() })?;
        let mut way = Way {
            ca_file: settings.ca_file.clone(),
            clock: Clock::not_before(clock::built_ms()),
            client: Renewed::new(),
        };
        if let Err(error) = way.client() {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, host, "staff cannot be told yet; it is tried for each message");
        }
        let (queue, mut waiting) = mpsc::channel::<(Summoned, u64)>(WAITING_MAX);
        let (format, told) = (to.format, host.clone());
        let runtime = runtime().map_err(Error::Thread)?;
        let run = async move {
            while let Some((summoned, at_ms)) = waiting.recv().await {
                match tell(&mut way, &address, format, &summoned, at_ms).await {
                    Ok(()) => {
                        tracing::info!(event = summoned.event, host = told, "staff were told")
                    }
                    Err(error) => {
                        let event = summoned.event;
                        tracing::warn!(event, host = told, error, "staff could not be told");
                    }
                }
            }
        };
        let thread = std::thread::Builder::new().name("messenger".to_owned());
        thread.spawn(move || runtime.block_on(run)).map_err(Error::Thread)?;
        Ok(Self { queue, host })
    }

    /// Hands over a message; never waits.
    pub fn tell(&self, summoned: Summoned) {
        if self.queue.try_send((summoned, clock::boot_ms())).is_err() {
            let host = &self.host;
            tracing::warn!(host, "staff are not told: too many messages wait already");
        }
    }
}

/// The way to an address.
struct Way {
    ca_file: Option<PathBuf>,
    clock: Clock,
    client: Renewed<Client>,
}

impl Way {
    /// What sends on this way.
    fn client(&mut self) -> Result<Client, Error> {
        let Self { ca_file, clock, client } = self;
        let ca_file = ca_file.as_deref();
        let make = || {
            Client::builder()
                .timeout(TRY_MAX)
                .redirect(redirect::Policy::none())
                .no_proxy()
                .tls_backend_preconfigured(tls(ca_file, clock.clone())?)
                .build()
                .map_err(Error::Client)
        };
        client.of(&[ca_file], make).cloned()
    }

    /// Looks at everything anew: a certificate was not believed.
    fn doubt(&mut self) {
        self.clock.doubt();
        self.client.doubt();
    }
}

/// Posts a message until somebody takes it, or it is too old.
async fn tell(
    way: &mut Way,
    address: &Url,
    format: Format,
    summoned: &Summoned,
    at_ms: u64,
) -> Result<(), String> {
    let (kind, body) = match format {
        Format::Text => ("text/plain; charset=utf-8", summoned.text.clone().into_bytes()),
        Format::Json => ("application/json", serde_json::to_vec(summoned).unwrap_or_default()),
    };
    let age = || Duration::from_millis(clock::boot_ms().saturating_sub(at_ms));
    if age() > AGE_MAX {
        return Err("it waited too long behind others".to_owned());
    }
    let mut pause = PAUSE;
    let mut last = String::new();
    for left in (0..TRIES).rev() {
        let sent = match way.client() {
            Ok(client) => {
                let request = client.post(address.clone()).header(CONTENT_TYPE, kind);
                request.body(body.clone()).send().await
            }
            Err(error) => return Err(chain(&error)),
        };
        let is_worth_a_try = match sent {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => {
                let status = answer.status();
                last = format!("the address answers {status}");
                status.is_server_error() || status.as_u16() == 429 || status.as_u16() == 408
            }
            Err(error) => {
                if is_certificate(&error) {
                    way.doubt();
                }
                last = why(&error).to_owned();
                true
            }
        };
        if !is_worth_a_try || left == 0 || age() + pause > AGE_MAX {
            break;
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    Err(last)
}

/// Why a try failed, in words that name no part of the address.
fn why(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "it does not answer in time"
    } else if is_certificate(error) {
        "its certificate is not believed: name the file of its authority in uplink.ca_file, and \
         check its name and its dates"
    } else if error.is_connect() {
        "it cannot be reached: check the address, and whether something listens there"
    } else {
        "the connection breaks off"
    }
}
