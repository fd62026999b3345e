//! What the hub does in the background, once at start.

use super::archive::Archive;

/// Does what older versions have left to do; what fails is logged and tried again at the next
/// start.
pub async fn run<A: Archive>(archive: A) {
    if let Err(error) = archive.judge_again().await {
        let error = &error as &dyn std::error::Error;
        tracing::error!(
            error,
            "older ratings could not be checked for misuse again; the next start retries it"
        );
    }
}
