//! The running kiosk examines itself, at the start and every few minutes: what `doctor` would find,
//! for the shop manager's sheet and for head office.
//!
//! It runs on a thread of its own, and asks the attendant in one short message, so that nothing
//! that hangs, a network or a name server, can delay a press. It writes nothing to the card.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use tokio::sync::watch;

use super::attendant::Message;
use super::desk::phone::talk::Busy;
use super::desk::tools::socket::standing;
use super::health::{self, Asker, Kiosk};
use super::settings::Settings;
use crate::clock;
use crate::finding::{self, Finding, State};
use crate::wire::delivery;

/// How long until the kiosk is examined again where nothing happens.
const PAUSE: Duration = Duration::from_secs(600);

/// How long it is left alone after something has happened.
const PAUSE_MIN: Duration = Duration::from_secs(2);

/// What head office is told, once the kiosk was examined.
pub(super) type Told = watch::Receiver<Option<Vec<delivery::Finding>>>;

/// The end of the thread that is not started yet.
pub(super) struct Rounds {
    wakes: Receiver<()>,
    told: watch::Sender<Option<Vec<delivery::Finding>>>,
}

/// The rounds that are to begin, a way to have one soon, which never waits, and what they find.
pub(super) fn prepare() -> (Rounds, impl Fn() + Send + 'static, Told) {
    let (wake, wakes) = sync_channel(1);
    let (told, found) = watch::channel(None);
    let soon = move || {
        // One that waits already is as good.
        let _ = wake.try_send(());
    };
    (Rounds { wakes, told }, soon, found)
}

impl Rounds {
    /// Begins; `texts` are all the texts that shoppers can be shown, by language. The thread ends
    /// with the attendant.
    pub(super) fn begin(
        self,
        settings: Settings,
        texts: impl Fn(&Settings) -> Vec<(String, String)> + Send + 'static,
        messages: SyncSender<Message>,
    ) {
        let go = move || self.go(&settings, texts, &messages);
        if let Err(error) = std::thread::Builder::new().name("rounds".to_owned()).spawn(go) {
            tracing::error!(%error, "the kiosk does not examine itself before the next start");
        }
    }

    fn go(
        self,
        settings: &Settings,
        texts: impl Fn(&Settings) -> Vec<(String, String)>,
        messages: &SyncSender<Message>,
    ) {
        let ask = |request| messages.try_send(Message::Phone(request)).map_err(|_| Busy);
        let mut last = Vec::new();
        loop {
            // An attendant with too much to do is asked the next time.
            if let Ok(standing) = standing(&ask, clock::boot_ms()) {
                let kiosk = Kiosk::Running(standing);
                let mut found = health::examine(settings, &kiosk, &texts(settings), Asker::Itself);
                finding::sort(&mut found);
                self.told.send_replace(Some(to_tell(&found)));
                if found != last {
                    last.clone_from(&found);
                    // A kiosk that is ending shows nothing more.
                    let _ = messages.send(Message::Found(found));
                }
            }
            match self.wakes.recv_timeout(PAUSE) {
                Ok(()) => std::thread::sleep(PAUSE_MIN),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

/// What head office is told of some findings, the worst first: nothing of what is fine, nor of the
/// way to it, which works where it hears anything.
fn to_tell(findings: &[Finding]) -> Vec<delivery::Finding> {
    let others = findings.iter().filter(|finding| finding.part() != "head office");
    let told = others.filter_map(|finding| {
        let is_wrong = match finding.state {
            State::Fine => return None,
            State::Note => false,
            State::Wrong => true,
        };
        Some(delivery::Finding { is_wrong, text: delivery::Finding::cut(&finding.text) })
    });
    told.take(delivery::FINDINGS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{fine, note, wrong};

    #[test]
    fn head_office_is_told_the_worst_first_and_never_too_much() {
        let mut findings = vec![fine("a: works"), note("b: is so"), wrong("é".repeat(1_000))];
        findings.push(wrong("head office: is not heard"));
        findings.extend((0..50).map(|n| note(format!("c: {n}"))));
        finding::sort(&mut findings);
        let told = to_tell(&findings);
        assert_eq!(told.len(), delivery::FINDINGS_MAX);
        assert!(told[0].is_wrong && told[1..].iter().all(|finding| !finding.is_wrong));
        assert_eq!(told[0].text.chars().count(), delivery::FINDING_CHARS_MAX);
        assert!(told[0].text.ends_with('…') && told[1].text == "b: is so");
    }
}
