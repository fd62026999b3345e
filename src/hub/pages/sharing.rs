//! One page for everybody who asks for it within a few seconds.
//!
//! Many tabs stand open, and each asks again every few seconds. The first one has the page made;
//! whoever asks meanwhile waits for it, and whoever asks soon after gets the same. Where the first
//! one has gone, the next makes it anew.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use maud::{Markup, PreEscaped};

use crate::feedback::moment::Reading;

/// The most pages that are kept.
const PAGES_MAX: usize = 32;

/// A page that was made, and when, in milliseconds since the boot.
type Made = Option<(u64, Arc<str>)>;

/// Pages that were made lately, by what was asked for.
#[derive(Debug)]
pub(super) struct Sharing<K> {
    life_ms: u64,
    pages: Mutex<BTreeMap<K, Arc<tokio::sync::Mutex<Made>>>>,
}

impl<K: Ord> Sharing<K> {
    /// Shares each page for so long, in seconds; 0 is not at all.
    pub(super) fn new(life_s: u32) -> Self {
        Self { life_ms: u64::from(life_s) * 1_000, pages: Mutex::default() }
    }

    /// The page that was made lately, or one that is made now.
    pub(super) async fn page<E>(
        &self,
        asked: K,
        read_clocks: fn() -> Reading,
        make: impl Future<Output = Result<Markup, E>>,
    ) -> Result<Markup, E> {
        let place = self.place(asked);
        let mut made = place.lock().await;
        // Whoever waited for another's page reads the clock after it was made.
        let now_ms = read_clocks().boot_ms;
        let is_fresh = |at_ms: u64| now_ms.saturating_sub(at_ms) < self.life_ms;
        if let Some((_, page)) = made.as_ref().filter(|(at_ms, _)| is_fresh(*at_ms)) {
            return Ok(PreEscaped(page.to_string()));
        }
        let page = make.await?;
        *made = Some((read_clocks().boot_ms, page.0.as_str().into()));
        Ok(page)
    }

    fn place(&self, asked: K) -> Arc<tokio::sync::Mutex<Made>> {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.len() >= PAGES_MAX && !pages.contains_key(&asked) {
            // Those that nobody waits for can be made again.
            pages.retain(|_, place| Arc::strong_count(place) > 1);
        }
        Arc::clone(pages.entry(asked).or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

    use super::*;

    static NOW_MS: AtomicU64 = AtomicU64::new(0);

    fn read_clocks() -> Reading {
        Reading { boot_ms: NOW_MS.load(Ordering::Relaxed), wall_ms: 0 }
    }

    #[tokio::test]
    async fn a_page_is_made_once_in_a_few_seconds_however_many_ask() {
        let (sharing, made) = (Sharing::new(5), AtomicU32::new(0));
        let ask = async |asked: u8| {
            let make = async {
                tokio::task::yield_now().await;
                made.fetch_add(1, Ordering::Relaxed);
                Ok::<_, Infallible>(PreEscaped("page".to_owned()))
            };
            sharing.page(asked, read_clocks, make).await.unwrap()
        };
        let _ = tokio::join!(ask(1), ask(1), ask(1), ask(1));
        assert_eq!(made.load(Ordering::Relaxed), 1, "at once");
        NOW_MS.store(4_999, Ordering::Relaxed);
        ask(1).await;
        assert_eq!(made.load(Ordering::Relaxed), 1, "soon after");
        NOW_MS.store(5_000, Ordering::Relaxed);
        ask(1).await;
        assert_eq!(made.load(Ordering::Relaxed), 2, "later");
        for asked in 2..200 {
            ask(asked).await;
        }
        assert!(sharing.pages.lock().unwrap().len() <= PAGES_MAX);
    }

    #[tokio::test]
    async fn whoever_waits_makes_the_page_when_the_first_has_gone() {
        let sharing = Sharing::new(5);
        let forever = sharing.page(1, read_clocks, std::future::pending::<Result<_, Infallible>>());
        let mut forever = Box::pin(forever);
        tokio::select! {
            biased;
            _ = &mut forever => panic!("it never ends"),
            () = tokio::task::yield_now() => {}
        }
        let make = async { Ok::<_, Infallible>(PreEscaped("page".to_owned())) };
        let mut second = Box::pin(sharing.page(1, read_clocks, make));
        tokio::select! {
            biased;
            _ = &mut second => panic!("it waits for the first"),
            () = tokio::task::yield_now() => {}
        }
        drop(forever);
        assert_eq!(second.await.unwrap().0, "page");
    }
}
