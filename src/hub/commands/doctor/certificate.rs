//! Whether the certificate can be shown, until when it is valid, and for which names.

use chrono::DateTime;

use crate::escape::{Plain, chain};
use crate::feedback::moment::DAY_MS;
use crate::finding::{Finding, fine, note, wrong};
use crate::web::server::certificate::{Says, is_for, read};
use crate::web::server::{Chain, Files};

/// A certificate that has less than a third of its life left, and at most so many days, should have
/// been renewed: whoever renews them by themselves does so earlier.
const DAYS_LEFT_LEAST: i64 = 21;

/// A name that somebody comes by.
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
    /// Where that was said.
    pub(super) key: &'a str,
    /// Whether the certificate that is seen there may be a reverse proxy's.
    pub(super) is_by_proxy: bool,
}

/// What is to be said of a certificate at this time, in milliseconds since 1970 UTC; none where the
/// clock is wrong. Its chain is given back where it can be shown.
pub(super) fn check(
    files: &Files,
    named: &[Named<'_>],
    now_ms: Option<i64>,
) -> (Vec<Finding>, Option<Chain>) {
    let file = files.certificate.display();
    let shown = match files.show() {
        Ok(shown) => shown.chain(),
        Err(error) => {
            let why = chain(&error);
            let what = format!("certificate: {why}: check tls.certificate and tls.key");
            return (vec![wrong(what)], None);
        }
    };
    let mut all = Vec::new();
    for certificate in &shown {
        let Some(says) = read(certificate) else {
            let what = format!(
                "certificate: {file} cannot be read whole: have a new one made, and name it with \
                 tls.certificate"
            );
            return (vec![wrong(what)], Some(shown));
        };
        all.push(says);
    }
    let mut findings = vec![match now_ms {
        Some(now_ms) => time(&file.to_string(), &all, now_ms),
        None => note(format!(
            "certificate: {file} and its key fit; whether it is valid now cannot be said by a \
             clock that is wrong"
        )),
    }];
    findings.extend(names(&file.to_string(), &shown, &all, named));
    (findings, Some(shown))
}

/// How the time of a chain is: of the one that ends first, or does not hold yet.
fn time(file: &str, all: &[Says], now_ms: i64) -> Finding {
    let whose = |at: usize| match at {
        0 => file.to_owned(),
        at => format!("certificate number {} in {file}, an authority's,", at + 1),
    };
    let cure = "renew it; the hub shows the new one as soon as tls.certificate has it";
    let future = all.iter().position(|says| says.from_ms > now_ms);
    let Some((at, first)) = all.iter().enumerate().min_by_key(|(_, says)| says.until_ms) else {
        return wrong(format!("certificate: {file} has none"));
    };
    let (whose_first, end) = (whose(at), day(first.until_ms));
    if first.until_ms < now_ms {
        return wrong(format!("certificate: {whose_first} has expired at {end}: {cure}"));
    }
    if let Some((at, says)) = future.and_then(|at| Some((at, all.get(at)?))) {
        let (whose, from, now) = (whose(at), day(says.from_ms), day(now_ms));
        return wrong(format!(
            "certificate: {whose} is valid only from {from} on, and here it is {now}: set the \
             clock that is wrong, or have one made that is valid now"
        ));
    }
    let left_ms = first.until_ms - now_ms;
    let left = match left_ms / DAY_MS {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    };
    let life_ms = first.until_ms.saturating_sub(first.from_ms);
    match left_ms < (life_ms / 3).min(DAYS_LEFT_LEAST * DAY_MS) {
        true => note(format!("certificate: {whose_first} has {left} left, to {end}: {cure}")),
        false => fine(format!("certificate: {file} and its key fit, with {left} left, to {end}")),
    }
}

/// Whether it is for each name that somebody has said, and which it is for.
fn names(file: &str, shown: &Chain, all: &[Says], named: &[Named<'_>]) -> Vec<Finding> {
    let (Some(own), Some(says)) = (shown.first(), all.first()) else { return Vec::new() };
    if says.names.is_empty() {
        return vec![wrong(format!(
            "certificate: {file} names no host at all (no subjectAltName), so that no kiosk \
             believes it: have one made with a name, such as by `openssl req -x509 … -addext \
             subjectAltName=DNS:hub.example.org`"
        ))];
    }
    let known: Vec<String> = says.names.iter().map(|name| Plain(name).to_string()).collect();
    let known = known.join(", ");
    let lacking = named.iter().filter(|named| !is_for(own, named.name));
    let mut findings: Vec<Finding> = lacking
        .map(|Named { name, key, is_by_proxy }| {
            let name = Plain(name);
            let what = format!("certificate: {file} is not for {name} ({key}), but for {known}");
            match is_by_proxy {
                true => note(format!(
                    "{what}: whoever comes by {name} needs a reverse proxy with a certificate of \
                     its own, or this one made for it too"
                )),
                false => wrong(format!(
                    "{what}: have one made that is for it too, or use one of its own names"
                )),
            }
        })
        .collect();
    if findings.is_empty() {
        let what = format!("certificate: it is for {known}: kiosks come by one of these names");
        findings.push(note(what));
    }
    findings
}

fn day(utc_ms: i64) -> String {
    let at = DateTime::from_timestamp_millis(utc_ms).unwrap_or_default();
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::State;

    fn says(from_day: i64, until_day: i64) -> Says {
        let names = vec!["hub.example.org".to_owned()];
        Says { from_ms: from_day * DAY_MS, until_ms: until_day * DAY_MS, names }
    }

    #[test]
    fn a_certificate_is_renewed_before_it_ends_and_wrong_when_it_has() {
        for (chain, now, state, part) in [
            (vec![says(0, 90)], 10, State::Fine, "with 80 days left"),
            (vec![says(0, 90)], 69, State::Fine, "with 21 days left, to 1970-04-01 00:00 UTC"),
            (vec![says(0, 90)], 70, State::Note, "has 20 days left"),
            (vec![says(0, 90)], 90, State::Note, "has 0 days left"),
            (vec![says(0, 90)], 91, State::Wrong, "has expired at 1970-04-01"),
            // A short life is no alarm from its first day on.
            (vec![says(0, 6)], 3, State::Fine, "with 3 days left"),
            (vec![says(0, 6)], 5, State::Note, "has 1 day left"),
            (vec![says(50, 90)], 49, State::Wrong, "valid only from 1970-02-20"),
            (
                vec![says(0, 90), says(0, 30)],
                31,
                State::Wrong,
                "number 2 in x.pem, an authority's,",
            ),
            (
                vec![says(0, 90), says(-900, 25)],
                10,
                State::Note,
                "an authority's, has 15 days left",
            ),
        ] {
            let found = time("x.pem", &chain, now * DAY_MS);
            assert_eq!(found.state, state, "{}", found.text);
            assert!(found.text.contains(part), "{part}: {}", found.text);
        }
    }
}
