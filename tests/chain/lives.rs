//! The kiosks of a chain at work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::kiosk::Kiosk;

/// Kiosks that live each in a task of its own.
pub(crate) struct Lives {
    tasks: Vec<JoinHandle<Kiosk>>,
    is_enough: Arc<AtomicBool>,
}

impl Lives {
    pub(crate) fn begin(kiosks: Vec<Kiosk>, client: &reqwest::Client, to: &str) -> Self {
        let is_enough = Arc::new(AtomicBool::new(false));
        let begin = |kiosk| {
            let (client, to) = (client.clone(), to.to_owned());
            tokio::spawn(live(kiosk, client, to, Arc::clone(&is_enough)))
        };
        Self { tasks: kiosks.into_iter().map(begin).collect(), is_enough }
    }

    /// Nobody presses any more, and everything is delivered.
    pub(crate) async fn end(self) -> Vec<Kiosk> {
        self.is_enough.store(true, Ordering::Relaxed);
        let mut kiosks = Vec::new();
        for task in self.tasks {
            kiosks.push(task.await.unwrap());
        }
        report(&kiosks);
        kiosks
    }
}

/// A client for kiosks, each of whose requests may come to another hub.
pub(crate) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap()
}

/// Shoppers press and kiosks deliver until somebody says that it is enough; then they deliver what
/// is left.
async fn live(
    mut kiosk: Kiosk,
    client: reqwest::Client,
    to: String,
    is_enough: Arc<AtomicBool>,
) -> Kiosk {
    loop {
        let is_last = is_enough.load(Ordering::Relaxed);
        if !is_last {
            kiosk.press();
        }
        let failed = kiosk.failed;
        kiosk.deliver(&client, &to).await;
        if is_last && kiosk.is_settled() && kiosk.failed == failed {
            return kiosk;
        }
        let pause = if kiosk.failed > failed { 500 } else { 150 };
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
}

fn report(kiosks: &[Kiosk]) {
    let taken: usize = kiosks.iter().map(Kiosk::taken).sum();
    let again: u32 = kiosks.iter().map(|kiosk| kiosk.offered_again).sum();
    let failed: u32 = kiosks.iter().map(|kiosk| kiosk.failed).sum();
    let longest = kiosks.iter().map(|kiosk| kiosk.longest_ms).max().unwrap();
    println!(
        "{taken} ratings of {} kiosks; {failed} deliveries failed, the longest took {longest} ms; \
         {again} times everything was offered again",
        kiosks.len()
    );
    assert!(again > 0, "an archive that went back in time is noticed");
}
