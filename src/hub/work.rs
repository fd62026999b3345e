//! What the hub does in the background.

use std::time::Duration;

use super::archive::{Archive, Error};

/// How long the archive rests between two looks for work.
const REST: Duration = Duration::from_secs(5);

/// How long others have the archive between two bits of work.
const PAUSE: Duration = Duration::from_millis(50);

/// Does what older versions have left to do, and then for ever what deliveries have left to do;
/// what fails is logged and tried again, at the next start or after a rest.
pub async fn run<A: Archive>(archive: A) {
    if let Err(error) = archive.judge_again().await {
        let error = &error as &dyn std::error::Error;
        tracing::error!(
            error,
            "older ratings could not be checked for misuse again; the next start retries it"
        );
    }
    let mut last = String::new();
    loop {
        let rest = match archive.date_more(last.clone()).await {
            Ok(Some(kiosk)) => {
                last = kiosk;
                PAUSE
            }
            Ok(None) => REST,
            Err(error) => {
                log(&error);
                REST
            }
        };
        tokio::time::sleep(rest).await;
    }
}

fn log(error: &Error) {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, "events could not be dated again; it is retried");
}
