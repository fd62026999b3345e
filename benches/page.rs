//! How long the list of kiosks takes that every page begins with: 500 kiosks, each with the nine
//! tokens of two years, of which one is good.
//!
//! `cargo bench --no-default-features --features hub --bench page`. It is asked with the archive's
//! index of tokens, and then without it.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures and fails by panicking"
)]

use std::path::Path;

use smilepost::hub::archive::Archive;
use smilepost::hub::archive::sqlite::FILE;

const TIMES: u32 = 20;

const CHAIN: &str = "begin;
    insert into shop (id, name, zone) values ('s', 's', 'UTC');
    insert into kiosk (id, shop, touchpoint)
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 500)
        select 'k' || i, no, i from n, shop;
    insert into book (kiosk) select no from kiosk;
    insert into token (hash, kiosk, made_ms, revoked_ms)
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 9)
        select randomblob(32), no, i, iif(i < 9, i, null) from kiosk, n;
    commit;";

#[expect(clippy::disallowed_methods, reason = "a bench reads the time")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

fn main() {
    let name = format!("page-{}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let archive = Archive::in_folder(&folder).unwrap();
    let file = rusqlite::Connection::open(folder.join(FILE)).unwrap();
    file.execute_batch(CHAIN).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let measure = |what: &str| {
        let start = now();
        for _ in 0..TIMES {
            let known = runtime.block_on(archive.kiosks()).unwrap();
            assert_eq!(known.iter().filter(|status| status.is_enrolled).count(), 500);
        }
        println!("{what}: {:.2} ms", start.elapsed().as_secs_f64() * 1e3 / f64::from(TIMES));
    };
    measure("with the index   ");
    file.execute_batch("drop index token_by_kiosk").unwrap();
    measure("without the index");
    std::fs::remove_dir_all(&folder).unwrap();
}
