//! What could not be opened at the start is tried again, and is said to be away meanwhile.

use std::sync::mpsc::SyncSender;
use std::time::Duration;

use super::attendant::Message;

/// How long until something that is away is looked for again.
pub(super) const RETRY: Duration = Duration::from_secs(5);

/// Reports that a part of the kiosk is away, and why, or that it is there.
pub(super) fn tell(messages: &SyncSender<Message>, part: &'static str, why: Option<String>) {
    // A kiosk that is ending needs no part.
    let _ = messages.send(Message::Away(part, why));
}

/// Says that a part is away, and tries to open it until it opens.
pub(super) fn until_open(
    messages: &SyncSender<Message>,
    part: &'static str,
    mut why: String,
    mut open: impl FnMut() -> Result<(), String> + Send + 'static,
) {
    tell(messages, part, Some(why.clone()));
    let messages = messages.clone();
    let again = move || {
        loop {
            std::thread::sleep(RETRY);
            match open() {
                Ok(()) => {
                    tracing::info!(part, "what was away is there now");
                    return tell(&messages, part, None);
                }
                Err(other) if other != why => {
                    tracing::warn!(part, why = other, "it is still away");
                    tell(&messages, part, Some(other.clone()));
                    why = other;
                }
                Err(_) => {}
            }
        }
    };
    if let Err(error) = std::thread::Builder::new().name("retry".to_owned()).spawn(again) {
        tracing::error!(%error, part, "it is not tried again before the next start");
    }
}
