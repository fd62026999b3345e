//! By which time-zone rules the days of each shop are counted, here and on its kiosks.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::unreadable;
use crate::escape::Plain;
use crate::finding::{Finding, fine, note, wrong};
use crate::hub::archive::{Archive, Error, Shop, Status};
use crate::zones::{Release, Rules};

/// Which rules count, and each shop whose zone is unknown, or where something counts by other rules
/// or by another zone, at this time in milliseconds since 1970 UTC.
pub async fn zones(archive: &Archive, rules: &Rules, now_ms: i64) -> Vec<Finding> {
    let asked = async {
        let (shops, past) = (archive.shops().await?, archive.past().await?);
        Ok::<_, Error>((shops, past, archive.kiosks().await?))
    };
    let (mut shops, past, mut kiosks) = match asked.await {
        Ok(asked) => asked,
        Err(error) => return vec![unreadable(&error)],
    };
    kiosks.retain(|status| !status.is_retired(now_ms));
    // Nobody counts further days of a shop that is closed and has no kiosk.
    let has_kiosk = |shop: &Shop| kiosks.iter().any(|status| status.kiosk.shop == shop.id);
    shops.retain(|shop| !past.closed.contains_key(&shop.id) || has_kiosk(shop));
    let mut findings = vec![match rules.release() {
        Some(_) => fine(format!("zones: days are counted by {rules}")),
        None => wrong(format!("zones: {rules}: update the system's package tzdata")),
    }];
    findings.extend(shops.iter().filter_map(|shop| of_shop(shop, rules)));
    for shop in &shops {
        let own: Vec<&Status> = kiosks.iter().filter(|it| it.kiosk.shop == shop.id).collect();
        findings.extend(of_kiosks(shop, &own, rules.release().as_ref()));
    }
    findings
}

fn of_shop(shop: &Shop, rules: &Rules) -> Option<Finding> {
    let (id, zone) = (&shop.id, Plain(&shop.zone));
    if rules.zone(&shop.zone).is_none() {
        return Some(wrong(format!(
            "shop {id}: its time zone {zone} is known neither to this program nor to this system, \
             so its days are those of UTC: update the system's package tzdata, or correct it with \
             `smilepost-hub shop set {id} --zone`"
        )));
    }
    let complaint = rules.complaint(&shop.zone)?;
    Some(wrong(format!("shop {id}: {complaint}: install the system's package tzdata again")))
}

/// The kiosks of a shop that count otherwise than head office does.
fn of_kiosks(shop: &Shop, kiosks: &[&Status], here: Option<&Release>) -> Vec<Finding> {
    let id = &shop.id;
    let mut findings = Vec::new();
    let mut others: BTreeMap<(bool, &str), Vec<&str>> = BTreeMap::new();
    for status in kiosks {
        let kiosk = status.kiosk.id.as_str();
        if let Some(zone) = status.zone.as_deref().filter(|zone| *zone != shop.zone) {
            let (zone, of_shop) = (Plain(zone), Plain(&shop.zone));
            findings.push(wrong(format!(
                "shop {id}: kiosk {kiosk} counts its days by {zone}, and head office by {of_shop}: \
                 delete zone from its kiosk.toml, or correct the shop with `smilepost-hub shop set \
                 {id} --zone`"
            )));
        }
        let told = status.zone_rules.as_deref().unwrap_or_default();
        let there = Release::of(told);
        match there.as_ref().zip(here).map(|(there, here)| there.cmp(here)) {
            None | Some(Ordering::Equal) => {}
            Some(order) => others.entry((order == Ordering::Less, told)).or_default().push(kiosk),
        }
    }
    let here = here.map(ToString::to_string).unwrap_or_default();
    findings.extend(others.into_iter().map(|((is_older, told), kiosks)| {
        let (kiosks, told) = (kiosks.join(", "), Plain(told));
        let (what, cure) = if is_older { ("older", "there") } else { ("newer", "here") };
        note(format!(
            "shop {id}: {kiosks} counts by the {what} rules {told}, and head office by {here}; \
             where they differ, days do too: update the package tzdata {cure}"
        ))
    }));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::State;
    use crate::hub::archive::Archive;
    use crate::hub::archive::Kiosk;
    use crate::zones::Zones;

    #[tokio::test]
    async fn each_shop_that_counts_otherwise_is_named_with_its_cure() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::in_folder(folder.path()).unwrap();
        for (id, zone) in [("a", "Europe/Helsinki"), ("b", "Mars/Phobos"), ("c", "Mars/Deimos")] {
            let (name, zone) = (id.to_owned(), zone.to_owned());
            let shop = Shop { id: name.clone(), name, zone, group: None };
            assert!(archive.add_shop(shop).await.unwrap());
            let (id, shop, touchpoint) = (format!("{id}-exit"), id.to_owned(), String::new());
            assert!(archive.add_kiosk(Kiosk { id, shop, touchpoint }).await.unwrap());
        }
        // Closed, and its kiosk is gone.
        assert!(
            archive.close_shop("c".to_owned(), Some("2026-11-20".to_owned()), 0).await.unwrap()
        );
        assert!(archive.retire_kiosk("c-exit".to_owned(), Some(5), 5).await.unwrap());
        let found = zones(&archive, &Zones::at(folder.path()).rules(), 10).await;
        let told: Vec<&str> = found.iter().map(|finding| finding.text.as_str()).collect();
        assert_eq!(found.len(), 2, "{told:?}");
        assert!(found[0].state == State::Fine && told[0].contains("of this program"), "{told:?}");
        assert!(found[1].state == State::Wrong && told[1].starts_with("shop b: "), "{told:?}");
        assert!(told[1].contains("tzdata") && told[1].contains("shop set b --zone"), "{told:?}");
        archive.close().await;
    }

    #[tokio::test]
    async fn kiosks_of_older_and_newer_rules_are_named_by_their_shop() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::in_folder(folder.path()).unwrap();
        let kiosk =
            |id: &str| Kiosk { id: id.to_owned(), shop: "a".to_owned(), touchpoint: id.to_owned() };
        let (id, zone) = ("a".to_owned(), "Europe/Helsinki".to_owned());
        let shop = Shop { name: id.clone(), id, zone, group: None };
        assert!(archive.add_shop(shop.clone()).await.unwrap());
        for id in ["old", "older", "new", "same", "mute", "elsewhere"] {
            assert!(archive.add_kiosk(kiosk(id)).await.unwrap());
        }
        let mut known = archive.kiosks().await.unwrap();
        let here = Release::of("2026f").unwrap();
        for status in &mut known {
            let (zone, rules) = match status.kiosk.id.as_str() {
                "old" | "older" => (None, Some("2025b")),
                "new" => (None, Some("2099a")),
                "same" => (Some("Europe/Helsinki"), Some("2026f")),
                "elsewhere" => (Some("Asia/Tokyo"), Some("built by hand")),
                _ => (None, None),
            };
            status.zone = zone.map(str::to_owned);
            status.zone_rules = rules.map(str::to_owned);
        }
        let all: Vec<&Status> = known.iter().collect();
        let found = of_kiosks(&shop, &all, Some(&here));
        let told: Vec<&str> = found.iter().map(|finding| finding.text.as_str()).collect();
        assert_eq!(found.len(), 3, "{told:?}");
        assert!(told[0].contains("kiosk elsewhere counts its days by Asia/Tokyo"), "{told:?}");
        assert!(told[1].contains("new counts by the newer rules 2099a"), "{told:?}");
        assert!(told[2].contains("old, older counts by the older rules 2025b"), "{told:?}");
        archive.close().await;
    }
}
