//! Head office's program: it receives ratings, counts each one once, and shows shops side by side.
//!
//! Here its rooms are put together and nothing else. Kiosks and people have a listener each: the
//! intake has to be reachable from the internet, and the numbers need not be.

pub mod archive;
pub mod carried;
pub mod commands;
pub mod figures;
pub mod intake;
pub mod kiosks;
pub mod pages;
pub mod rules;
pub mod secrets;
pub mod settings;
pub mod work;

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use anyhow::Context as _;

use self::archive::Archive;
use self::carried::keys;
use self::settings::{Limits, Settings, Tls};
use crate::carried::seal::HubPublic;
use crate::feedback::moment::Reading;
use crate::web::hosts::Hosts;
use crate::web::server::{self, Stop, Stopper};

/// How long requests under way may go on after the hub was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// A hub whose addresses are bound, and that does not run yet.
pub struct Hub<A> {
    archive: A,
    kiosks: TcpListener,
    dashboard: TcpListener,
    hosts: Hosts,
    tls: Option<Tls>,
    limits: Limits,
    keys: HubPublic,
    read_clocks: fn() -> Reading,
    stopper: Stopper,
    stop: Stop,
}

impl<A: Archive> Hub<A> {
    /// Binds both addresses. The hub takes the time from `read_clocks` alone.
    ///
    /// # Errors
    /// When an address is in use or does not belong to this machine.
    pub fn bind(
        settings: &Settings,
        archive: A,
        read_clocks: fn() -> Reading,
    ) -> anyhow::Result<Self> {
        let keys = keys::read_or_make(&settings.data_dir)?;
        let bind = |address: SocketAddr| {
            let listener = TcpListener::bind(address)
                .with_context(|| format!("cannot listen on {address}"))?;
            listener.set_nonblocking(true).context("cannot use the listener")?;
            anyhow::Ok(listener)
        };
        let (stopper, stop) = server::stopper();
        Ok(Self {
            archive,
            kiosks: bind(settings.listen)?,
            dashboard: bind(settings.dashboard)?,
            hosts: pages::hosts(settings.dashboard, &settings.dashboard_names),
            tls: settings.tls.clone(),
            limits: settings.limits,
            keys: keys.public()?,
            read_clocks,
            stopper,
            stop,
        })
    }

    /// The addresses for kiosks and for head office's page, in this order.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn addresses(&self) -> std::io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.kiosks.local_addr()?, self.dashboard.local_addr()?))
    }

    /// Stops the hub when called: it finishes what is under way and then returns.
    pub fn stopper(&self) -> impl Fn() + Send + Clone + use<A> {
        let stopper = self.stopper.clone();
        move || stopper.stop()
    }

    /// Serves until stopped.
    ///
    /// # Errors
    /// When the certificate cannot be read, or a listener fails.
    pub async fn run(self) -> anyhow::Result<()> {
        let acceptor = |Tls { certificate, key }: &Tls| {
            let acceptor = server::acceptor_of_files(certificate, key);
            acceptor.map_err(anyhow::Error::from_boxed).with_context(|| {
                format!(
                    "cannot use the certificate {} with the key {}",
                    certificate.display(),
                    key.display()
                )
            })
        };
        let tls = self.tls.as_ref().map(acceptor).transpose()?;
        tokio::spawn(work::run(self.archive.clone()));
        let kiosks = kiosks::routes(self.archive.clone(), self.limits, self.keys, self.read_clocks);
        let page_seconds = self.limits.page_seconds;
        let pages = pages::routes(self.archive, self.hosts, page_seconds, self.read_clocks);
        let open = |listener| {
            tokio::net::TcpListener::from_std(listener).context("cannot use the listener")
        };
        let (for_kiosks, for_people) = (open(self.kiosks)?, open(self.dashboard)?);
        let addresses = [for_kiosks.local_addr()?, for_people.local_addr()?];
        let [at_kiosks, at_people] = addresses.map(|address| self.limits.connections_at(address));
        let stop = self.stop;
        tokio::join!(
            server::serve(for_kiosks, tls.clone(), kiosks, at_kiosks, stop.clone(), GRACE),
            server::serve(for_people, tls, pages, at_people, stop, GRACE),
        );
        // As long as somebody could stop the listeners, they were to be stopped.
        drop(self.stopper);
        tracing::info!("the hub has stopped");
        Ok(())
    }
}
