//! Head office's program: it receives ratings, counts each one once, and shows shops side by side.
//!
//! Here its rooms are put together and nothing else. Kiosks and people have a listener each: the
//! intake has to be reachable from the internet, and the numbers need not be.

pub mod archive;
pub mod carried;
pub mod commands;
pub mod figures;
pub mod intake;
pub mod keep;
pub mod kiosks;
pub mod pages;
pub mod proof;
pub mod readiness;
pub mod rules;
pub mod secrets;
pub mod settings;
pub mod work;

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use anyhow::Context as _;
use tokio::task::JoinSet;

use self::archive::Archive;
use self::carried::keys;
use self::readiness::Readiness;
use self::rules::keeping::Kept;
use self::settings::{Limits, Settings};
use crate::carried::seal::HubKeys;
use crate::feedback::moment::Reading;
use crate::owner::Service;
use crate::web::hosts::Hosts;
use crate::web::proxies::Proxies;
use crate::web::server::{self, Files, Shown, Stop, Stopper};

/// Whose files the data folder holds.
pub const SERVICE: Service = Service { user: "smilepost-hub", files: &["hub."] };

/// How long requests under way may go on after the hub was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// A hub whose addresses are bound, and that does not run yet.
pub struct Hub {
    archive: Archive,
    kiosks: TcpListener,
    dashboard: TcpListener,
    hosts: Hosts,
    tls: Option<(Files, Shown)>,
    limits: Limits,
    kept: Kept,
    proxies: Proxies,
    keys: HubKeys,
    read_clocks: fn() -> Reading,
    is_time_vouched: fn() -> bool,
    stopper: Stopper,
    stop: Stop,
}

impl Hub {
    /// Binds both addresses. The hub takes the time from `read_clocks` alone.
    ///
    /// # Errors
    /// When an address is in use or does not belong to this machine, or the certificate cannot be
    /// shown.
    pub fn bind(
        settings: &Settings,
        archive: Archive,
        read_clocks: fn() -> Reading,
    ) -> anyhow::Result<Self> {
        let keys = keys::read_or_make(&settings.data_dir)?;
        let bind = |address: SocketAddr| {
            let listener = TcpListener::bind(address)
                .with_context(|| format!("cannot listen on {address}"))?;
            listener.set_nonblocking(true).context("cannot use the listener")?;
            anyhow::Ok(listener)
        };
        let show = |files: &Files| anyhow::Ok((files.clone(), files.show()?));
        let tls = settings.tls.as_ref().map(show).transpose();
        let tls = tls.context("cannot use the certificate of [tls] in hub.toml")?;
        let (stopper, stop) = server::stopper();
        Ok(Self {
            archive,
            kiosks: bind(settings.listen)?,
            dashboard: bind(settings.dashboard)?,
            hosts: pages::hosts(settings.dashboard, &settings.dashboard_names),
            tls,
            limits: settings.limits,
            kept: settings.kept,
            proxies: settings.proxies.clone(),
            keys,
            read_clocks,
            is_time_vouched: || false,
            stopper,
            stop,
        })
    }

    /// Takes it from `is_time_vouched` whether a time service vouches for that time. Without it,
    /// nobody does.
    #[must_use]
    pub fn vouched_by(self, is_time_vouched: fn() -> bool) -> Self {
        Self { is_time_vouched, ..self }
    }

    /// The addresses for kiosks and for head office's page, in this order.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn addresses(&self) -> std::io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.kiosks.local_addr()?, self.dashboard.local_addr()?))
    }

    /// Stops the hub when called: it finishes what is under way and then returns.
    pub fn stopper(&self) -> impl Fn() + Send + Clone + use<> {
        let stopper = self.stopper.clone();
        move || stopper.stop()
    }

    /// Serves until stopped.
    ///
    /// # Errors
    /// When a listener fails.
    pub async fn run(self) -> anyhow::Result<()> {
        let acceptor = self.tls.as_ref().map(|(_, shown)| shown.acceptor()).transpose();
        let tls = acceptor.context("cannot prepare TLS")?;
        if let Some((files, shown)) = self.tls {
            tokio::spawn(renew(files, shown));
        }
        let mut working = JoinSet::new();
        working.spawn(work::run(
            self.archive.clone(),
            self.kept,
            self.read_clocks,
            self.stop.clone(),
        ));
        let (archive, read_clocks) = (self.archive, self.read_clocks);
        let readiness = Readiness::new(archive.clone(), read_clocks);
        let limits = self.limits;
        let kiosks = kiosks::routes(
            archive.clone(),
            limits,
            self.keys,
            readiness.clone(),
            read_clocks,
            self.is_time_vouched,
        );
        let page_seconds = limits.page_seconds;
        let pages = pages::routes(archive, self.hosts, page_seconds, readiness, read_clocks);
        let open = |listener| {
            tokio::net::TcpListener::from_std(listener).context("cannot use the listener")
        };
        let (for_kiosks, for_people) = (open(self.kiosks)?, open(self.dashboard)?);
        let addresses = [for_kiosks.local_addr()?, for_people.local_addr()?];
        let [at_kiosks, at_people] = addresses.map(|address| self.limits.connections_at(address));
        let (stop, proxies) = (self.stop, self.proxies);
        let (before_kiosks, before_people) = (proxies.clone(), proxies);
        tokio::join!(
            server::serve(
                for_kiosks,
                tls.clone(),
                kiosks,
                at_kiosks,
                before_kiosks,
                stop.clone(),
                GRACE
            ),
            server::serve(for_people, tls, pages, at_people, before_people, stop, GRACE),
        );
        // Nobody but a stopper has stopped the listeners, and it stops what works beside them.
        self.stopper.stop();
        while working.join_next().await.is_some() {}
        tracing::info!("the hub has stopped");
        Ok(())
    }
}

/// Shows what the files hold whenever they have changed, or somebody says so.
async fn renew(files: Files, shown: Shown) {
    let paths = [files.certificate.clone(), files.key.clone()];
    server::at_change(&paths, || match files.show_anew(&shown) {
        Ok(true) => tracing::info!("another certificate is shown from now on"),
        Ok(false) => tracing::info!("the certificate was read again and is the same"),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "the former certificate is shown: the new one cannot be used");
        }
    })
    .await;
}
