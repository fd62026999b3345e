//! A head office that means no good: it can cost a kiosk its service, not its ratings, its memory
//! or its files.
//!
//! To try one more thing, add a line to [`ANSWERS`], [`ENROLMENTS`] or [`RECEIPTS`].

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use smilepost::carried::file::sign_receipt;
use smilepost::carried::seal::HubKeys;
use smilepost::clock;
use smilepost::wire::carried::Receipt;
use smilepost::wire::receipt::{SetAside, Settled};
use smilepost::wire::{ANSWER_BYTES_MAX, gzip};

use crate::parties::{Buttons, Process, Site};
use crate::stick::{carry, names, own, shop, text};
use crate::terminal::complaint;
use crate::wait::wait_until;

/// How much memory a kiosk without a screen may have used at most, in KiB.
const MEMORY_KIB_MAX: u64 = 160 * 1_024;

/// How long a line of the log may be, in bytes.
const LINE_BYTES_MAX: usize = 1_500;

/// What a kiosk asked.
pub(crate) struct Asked {
    pub(crate) path: String,
    /// The names and values of its headers, in small letters.
    pub(crate) head: String,
    /// What came with it, as it came.
    pub(crate) body: Vec<u8>,
    pub(crate) delivery: Value,
}

/// What is answered: the name of the attack, and how it is written.
type Answer = (&'static str, fn(&Asked, &mut TcpStream));

/// An answer with a body; a kiosk that has heard enough hangs up.
pub(crate) fn say(out: &mut TcpStream, status: &str, head: &str, body: &[u8]) {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n{head}\
         content-length: {length}\r\n\r\n"
    );
    let _ = out.write_all(head.as_bytes());
    let _ = out.write_all(body);
}

/// The same thing over and over again, until the kiosk hangs up.
fn forever(out: &mut TcpStream, first: &str, then: &[u8]) {
    let _ = out.write_all(first.as_bytes());
    while out.write_all(then).is_ok() {}
}

/// A receipt of an archive that has everything, whether it was offered or not.
fn receipt(asked: &Asked) -> Value {
    let runs = asked.delivery["runs"].as_array().cloned().unwrap_or_default();
    let all = |run: &Value| json!({ "run": run["run"], "ranges": [[1, u32::MAX]] });
    json!({
        "nonce": asked.delivery["nonce"],
        "settled": runs.iter().map(all).collect::<Vec<_>>(),
        "hub_time_ms": clock::wall_ms(),
        "hub_epoch": 666,
    })
}

/// A receipt, changed by these fields.
pub(crate) fn altered(asked: &Asked, out: &mut TcpStream, fields: &Value) {
    let mut receipt = receipt(asked);
    receipt.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    say(out, "200 OK", "", receipt.to_string().as_bytes());
}

/// A receipt that names another survey, and the survey itself.
fn survey(asked: &Asked, out: &mut TcpStream, survey: &str) {
    if asked.path != "/v1/survey" {
        return altered(asked, out, &json!({ "publication": 7 }));
    }
    let body = format!(r#"{{"epoch": 666, "publication": 7, "survey": {survey}}}"#);
    assert!(body.len() < ANSWER_BYTES_MAX, "it is to be read");
    say(out, "200 OK", "etag: \"666-7\"\r\n", body.as_bytes());
}

/// As long a list as an answer has room for.
fn many(item: &str) -> String {
    let items = vec![item; (ANSWER_BYTES_MAX - 1_024) / (item.len() + 1)];
    format!("[{}]", items.join(","))
}

/// A receipt that names a list of so many as there is room for.
fn listed(asked: &Asked, out: &mut TcpStream, field: &str, item: &str) {
    let text = receipt(asked).to_string();
    let text = text.strip_suffix('}').unwrap();
    let body = format!("{text},\"{field}\":{}}}", many(item));
    say(out, "200 OK", "", body.as_bytes());
}

/// A word that fills the log, the sheet and the terminal.
fn long() -> String {
    format!("\u{1b}[2J\nforged {}\u{202e}", "x".repeat(200_000))
}

const ANSWERS: &[Answer] = &[
    ("it stores nothing and settles all", |asked, out| altered(asked, out, &json!({}))),
    ("it settles every number of every run", |asked, out| {
        let all = json!({ "run": "0".repeat(32), "ranges": [[0, u32::MAX]] });
        altered(asked, out, &json!({ "settled": [all, { "run": "", "ranges": [[9, 1]] }] }));
    }),
    ("it names very many ranges", |asked, out| {
        let run = asked.delivery["runs"][0]["run"].clone();
        let ranges: Vec<_> = (0..20_000u32).map(|n| [n * 2, n * 2]).collect();
        altered(asked, out, &json!({ "settled": [{ "run": run, "ranges": ranges }] }));
    }),
    ("it sets all aside, with long reasons", |asked, out| {
        let run = asked.delivery["runs"][0]["run"].clone();
        let aside: Vec<_> =
            (1..40).map(|n| json!({ "run": run, "n": n, "reason": long() })).collect();
        altered(asked, out, &json!({ "settled": [], "set_aside": aside.get(..1) }));
    }),
    ("it sets very much aside", |asked, out| {
        listed(asked, out, "set_aside", r#"{"run":"","n":0,"reason":""}"#);
    }),
    ("its counts are the largest there are", |asked, out| {
        let most = u64::MAX;
        let fields = json!({ "stored": most, "added": most, "publication": most });
        altered(asked, out, &fields);
    }),
    ("its counts do not fit together", |asked, out| {
        let half = i64::MAX.unsigned_abs() + 1;
        altered(asked, out, &json!({ "stored": half, "added": 0, "hub_epoch": u64::MAX }));
    }),
    ("it names places that are none", |asked, out| {
        let stay = json!({ "shop": long(), "touchpoint": long(), "since_ms": i64::MIN });
        altered(asked, out, &json!({ "place": { "tag": "1", "stays": [stay] } }));
    }),
    ("it names a place by a tag that is none", |asked, out| {
        let stay = json!({ "shop": "S", "touchpoint": "" });
        altered(asked, out, &json!({ "place": { "tag": long(), "stays": [stay] } }));
    }),
    ("it names very many places", |asked, out| {
        let stays: Vec<_> = (0..2_000).map(|n| json!({ "shop": "S", "since_ms": n })).collect();
        altered(asked, out, &json!({ "place": { "tag": "2", "stays": stays } }));
    }),
    ("it has another place each time", |asked, out| {
        let name = clock::boot_ms().to_string();
        let place = json!({ "tag": name, "stays": [{ "shop": name }] });
        altered(asked, out, &json!({ "place": place }));
    }),
    ("it has everything let go of", |asked, out| {
        let runs = asked.delivery["runs"].as_array().cloned().unwrap_or_default();
        let all = |run: &Value| json!({ "run": run["run"], "ranges": [[0, u32::MAX], [9, 1]] });
        let gone = json!({ "upto": u64::MAX, "events": runs.iter().map(all).collect::<Vec<_>>() });
        altered(asked, out, &json!({ "settled": [], "gone": gone }));
    }),
    ("it has very many ranges let go of, others each time", |asked, out| {
        let run = asked.delivery["runs"][0]["run"].clone();
        let ranges: Vec<_> = (0..10_000u32).map(|n| [n, n]).collect();
        let events = json!([{ "run": run, "ranges": ranges }]);
        let gone = json!({ "upto": clock::boot_ms(), "events": events });
        altered(asked, out, &json!({ "gone": gone }));
    }),
    ("its epoch is another one each time", |asked, out| {
        altered(asked, out, &json!({ "hub_epoch": clock::boot_ms() }));
    }),
    ("its time is the first there is", |asked, out| {
        altered(asked, out, &json!({ "hub_time_ms": i64::MIN }));
    }),
    ("its time is the last there is", |asked, out| {
        altered(asked, out, &json!({ "hub_time_ms": i64::MAX }));
    }),
    ("its time is many years ahead", |asked, out| {
        altered(asked, out, &json!({ "hub_time_ms": far_ms() }));
    }),
    ("its time jumps", |asked, out| {
        let jump = i64::try_from(clock::boot_ms() % 1_000).unwrap() * 86_400_000;
        altered(asked, out, &json!({ "hub_time_ms": clock::built_ms() + jump }));
    }),
    ("its PIN costs four gigabytes", |asked, out| {
        let hash = "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$\
                    RdescudvJCsgt3ub+b1daRdescudvJCsgt3ub+b1daQ";
        altered(asked, out, &json!({ "pin": { "number": u64::MAX, "hash": hash } }));
    }),
    ("its PIN is a long word", |asked, out| {
        altered(asked, out, &json!({ "pin": { "number": 1, "hash": long() } }));
    }),
    ("it has the token renewed to a path", |asked, out| match asked.path.as_str() {
        "/v1/tokens" => say(out, "200 OK", "", br#"{"token": "../../../etc/passwd"}"#),
        _ => altered(asked, out, &json!({ "is_token_old": true })),
    }),
    ("it has the token renewed to another", |asked, out| match asked.path.as_str() {
        "/v1/tokens" => {
            say(out, "200 OK", "", json!({ "token": "ab".repeat(32) }).to_string().as_bytes());
        }
        _ => altered(asked, out, &json!({ "is_token_old": true })),
    }),
    ("it has the token renewed to a novel", |asked, out| match asked.path.as_str() {
        "/v1/tokens" => say(out, "200 OK", "", json!({ "token": long() }).to_string().as_bytes()),
        _ => altered(asked, out, &json!({ "is_token_old": true })),
    }),
    ("its survey is not one", |asked, out| survey(asked, out, r#"{"questions": 7}"#)),
    ("its survey has very many questions", |asked, out| {
        survey(asked, out, &format!(r#"{{"version": 1, "questions": {}}}"#, many("{}")));
    }),
    ("its survey has very many words", |asked, out| {
        let question = format!(r#"{{"id": "a", "texts": {}}}"#, many("{}"));
        survey(asked, out, &format!(r#"{{"version": 1, "questions": [{question}]}}"#));
    }),
    ("its survey has very many questions in very many languages", |asked, out| {
        let half = |item: &str| many(&format!("{item},{item}")).replace("]", ",0]").len() / 2;
        let questions = vec![r#"{"texts":[{}]}"#; half("{}") / 20].join(",");
        let languages = vec![r#""a""#; half("{}") / 8].join(",");
        let text = format!(r#"{{"languages": [{languages}], "questions": [{questions}]}}"#);
        survey(asked, out, &text);
    }),
    ("its survey has a name that is repeated in each complaint", |asked, out| {
        let name = "\u{1b}".repeat(20_000).replace('\u{1b}', "\\u001b");
        let texts = vec!["{}"; 1_000].join(",");
        let question = format!(r#"{{"id": "{name}", "texts": [{texts}]}}"#);
        survey(asked, out, &format!(r#"{{"questions": [{question}]}}"#));
    }),
    ("its survey has very many slots and notices", |asked, out| {
        let slots = vec![r#"{"question":"a"}"#; 5_000].join(",");
        let notices = vec!["{}"; 40_000].join(",");
        let text = format!(r#"{{"version": 1, "schedule": [{slots}], "notices": [{notices}]}}"#);
        survey(asked, out, &text);
    }),
    ("its survey is asked at very many touchpoints", |asked, out| {
        let slot = format!(r#"{{"question": "a", "touchpoints": {}}}"#, many(r#""a""#));
        let question = r#"{"id": "a", "version": 1, "scale": 5}"#;
        let text = format!(r#"{{"version": 1, "questions": [{question}], "schedule": [{slot}]}}"#);
        survey(asked, out, &text);
    }),
    ("its survey is deep", |asked, out| {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        survey(asked, out, &format!(r#"{{"version": 1, "more": {deep}}}"#));
    }),
    ("its refusal is a novel", |_, out| {
        say(out, "503 Busy", "", json!({ "refused": long() }).to_string().as_bytes());
    }),
    ("it will never take an event", |_, out| {
        let body = json!({ "refused": long() }).to_string();
        say(out, "422 No", "", body.as_bytes());
    }),
    ("every event is too large for it", |_, out| {
        say(out, "413 No", "", json!({ "refused": long() }).to_string().as_bytes());
    }),
    ("it does not know the kiosk", |_, out| {
        say(out, "401 No", "", json!({ "refused": "who?" }).to_string().as_bytes());
    }),
    ("its body has no end", |_, out| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"nonce\":\"";
        forever(out, head, &[b'a'; 65_536]);
    }),
    ("its chunks have no end", |_, out| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                    transfer-encoding: chunked\r\n\r\n";
        let chunk = format!("10000\r\n{}\r\n", "[".repeat(65_536));
        forever(out, head, chunk.as_bytes());
    }),
    ("its body is said to be very long", |_, out| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                    content-length: 18446744073709551615\r\n\r\n{";
        let _ = out.write_all(head.as_bytes());
    }),
    ("its body is a bomb of gzip", |_, out| {
        let bomb = gzip::pack(&vec![b'['; 200 * 1_024 * 1_024]).unwrap();
        say(out, "200 OK", "content-encoding: gzip\r\n", &bomb);
    }),
    ("its headers have no end", |_, out| {
        forever(out, "HTTP/1.1 200 OK\r\n", b"x-more: and more and more\r\n");
    }),
    ("it never comes to the answer", |_, out| {
        forever(out, "", b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
    }),
    ("it answers a byte at a time", |asked, out| {
        let body = receipt(asked).to_string();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
        for byte in format!("{head}{body}").bytes() {
            if out.write_all(&[byte]).is_err() {
                return;
            }
            // It is slow; the kiosk gives up in the middle of the answer.
            std::thread::sleep(Duration::from_millis(200));
        }
    }),
    ("it asks for a wait without end", |_, out| {
        say(out, "503 Busy", "retry-after: 18446744073709551616\r\n", b"");
    }),
    ("its wait is no number", |_, out| say(out, "429 No", "retry-after: -1e99\r\n", b"")),
    ("its receipt is nothing of the kind", |asked, out| {
        let nonce = &asked.delivery["nonce"];
        let body =
            json!({ "nonce": nonce, "settled": null, "hub_time_ms": "now", "hub_epoch": {} });
        say(out, "200 OK", "", body.to_string().as_bytes());
    }),
];

/// A time that a clock could show at the very most, in milliseconds since 1970 UTC.
fn far_ms() -> i64 {
    let far_ms = clock::built_ms() + 19 * 366 * 86_400_000;
    assert!(clock::is_possible(far_ms));
    far_ms
}

/// The next request, if there is one.
pub(crate) fn request(near: &mut TcpStream) -> Option<Asked> {
    near.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut bytes = Vec::new();
    let mut buffer = [0; 16_384];
    loop {
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = head {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.unwrap_or("0").parse().unwrap();
            let body = &bytes[end + 4..];
            if body.len() >= length {
                let path = head.split(' ').nth(1).unwrap().to_owned();
                let json = gzip::unpack(body, 1 << 20).unwrap_or_default();
                let delivery = serde_json::from_slice(&json).unwrap_or_default();
                return Some(Asked { path, body: body.to_vec(), head, delivery });
            }
        }
        match near.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

/// A head office that answers so, and how often it was asked for a receipt.
pub(crate) fn office(answer: fn(&Asked, &mut TcpStream)) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    std::thread::spawn(move || {
        for near in listener.incoming() {
            let (mut near, counted) = (near.unwrap(), counted.clone());
            std::thread::spawn(move || {
                let Some(asked) = request(&mut near) else { return };
                answer(&asked, &mut near);
                if asked.path == "/v1/deliveries" {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    (address, asked)
}

/// A shop whose kiosk is enrolled and was with an honest head office.
pub(crate) struct Shop {
    pub(crate) site: Site,
    hub: Process,
    buttons: Buttons,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let site = Site::new();
        let hub = site.start_hub();
        site.acquaint(site.hub);
        let buttons = site.buttons();
        Self { site, hub, buttons }
    }

    /// Starts the kiosk, which takes this address for head office's.
    pub(crate) fn start(&self, address: SocketAddr) -> Process {
        let file = self.site.path("kiosk/enrolment.toml");
        let enrolment = std::fs::read_to_string(&file).unwrap();
        let known = enrolment.lines().find(|line| line.starts_with("hub = ")).unwrap();
        let enrolment = enrolment.replace(known, &format!("hub = \"http://{address}\""));
        std::fs::write(&file, enrolment).unwrap();
        self.site.start_kiosk()
    }

    pub(crate) fn press(&mut self, times: usize) {
        let thanks = self.site.thanks() + times;
        (0..times).for_each(|_| self.buttons.press(5));
        wait_until("all are thanked", || self.site.thanks() == thanks);
    }

    /// What the kiosk holds, whatever has become of it.
    fn held(&self) -> usize {
        self.site.say("kiosk", &["export", "--format", "jsonl"]).lines().count()
    }

    fn holds(&self, what: &str) {
        assert_eq!(self.held(), self.site.thanks(), "{what}: the kiosk holds what was thanked for");
        let verified = self.site.say("kiosk", &["verify"]);
        assert!(verified.contains("holds"), "{what}: {verified}");
    }

    /// The most memory that the running kiosk has ever had, in KiB.
    fn memory_kib(&self) -> u64 {
        let config = text(&self.site.path("kiosk.toml"));
        let is_kiosk = |folder: &Path| {
            let line = std::fs::read_to_string(folder.join("cmdline")).unwrap_or_default();
            line.contains("smilepost-kiosk\0run\0") && line.contains(&config)
        };
        let processes = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
        let kiosk = processes.into_iter().find(|folder| is_kiosk(folder)).unwrap();
        let status = std::fs::read_to_string(kiosk.join("status")).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// The names around the kiosk's data folder, and what is in them.
    fn around(&self) -> Vec<(String, Vec<u8>)> {
        let folder = self.site.path("kiosk");
        let folder = folder.parent().unwrap();
        let ours = ["kiosk", "hub", "buttons", "witness", "kiosk.log", "hub.log"];
        let foreign = names(folder).into_iter().filter(|name| !ours.contains(&name.as_str()));
        foreign.map(|name| (name.clone(), std::fs::read(folder.join(name)).unwrap())).collect()
    }
}

#[test]
fn no_answer_of_head_office_costs_a_rating_memory_or_a_file() {
    let mut shop = Shop::new();
    let around = shop.around();
    let (mut complaints, mut logged) = (Vec::new(), 0);
    for (what, answer) in ANSWERS {
        let (address, asked) = office(*answer);
        let kiosk = shop.start(address);
        shop.press(2);
        wait_until(what, || asked.load(Ordering::Relaxed) >= 2);
        shop.press(1);
        shop.holds(what);
        let memory_kib = shop.memory_kib();
        drop(kiosk);
        let log = shop.site.log("kiosk.log");
        let log = &log[std::mem::replace(&mut logged, log.len())..];
        assert!(!log.contains("panicked"), "{what}: {log}");
        let longest = log.lines().map(str::len).max().unwrap();
        let found = [
            (memory_kib > MEMORY_KIB_MAX).then(|| format!("{memory_kib} KiB of memory")),
            (longest > LINE_BYTES_MAX).then(|| format!("a line of {longest} bytes in the log")),
            complaint(log.as_bytes()),
            (shop.around() != around).then(|| "another file changed".to_owned()),
        ];
        complaints.extend(found.into_iter().flatten().map(|found| format!("{what}: {found}")));
        // What was set aside is sent again, once somebody has put head office right.
        let kiosk = shop.start(shop.site.hub);
        shop.press(1);
        shop.site.say("kiosk", &["retry"]);
        let thanked = shop.site.thanked();
        let healed = format!("{what}: an honest head office gets everything");
        wait_until(&healed, || shop.site.archived() == thanked);
        drop(kiosk);
        logged = shop.site.log("kiosk.log").len();
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    drop(shop.hub);
}

#[test]
fn a_token_goes_nowhere_else() {
    let mut shop = Shop::new();
    static ELSEWHERE: AtomicUsize = AtomicUsize::new(0);
    let (elsewhere, there) = office(|asked, out| altered(asked, out, &json!({})));
    ELSEWHERE.store(usize::from(elsewhere.port()), Ordering::Relaxed);
    let (address, asked) = office(|asked, out| {
        let port = ELSEWHERE.load(Ordering::Relaxed);
        let status = if asked.delivery["runs"].is_null() { "308 There" } else { "307 There" };
        say(out, status, &format!("location: http://127.0.0.1:{port}/v1/deliveries\r\n"), b"");
    });
    let kiosk = shop.start(address);
    shop.press(2);
    wait_until("it is sent elsewhere", || asked.load(Ordering::Relaxed) >= 2);
    assert_eq!(there.load(Ordering::Relaxed), 0, "the token went elsewhere");
    shop.holds("elsewhere");
    drop(kiosk);
}

#[test]
fn a_head_office_that_is_restored_each_time_hurries_nobody() {
    let mut shop = Shop::new();
    let (address, asked) = office(|asked, out| {
        let first = json!({ "run": asked.delivery["runs"][0]["run"], "ranges": [[1, 1]] });
        let fields = json!({ "hub_epoch": clock::boot_ms(), "settled": [first] });
        altered(asked, out, &fields);
    });
    let kiosk = shop.start(address);
    shop.press(5);
    let asked = || asked.load(Ordering::Relaxed);
    wait_until("it was restored a few times", || asked() >= 5);
    let (before, began_ms) = (asked(), clock::boot_ms());
    // The kiosk's settings have it come once a second.
    wait_until("five seconds are over", || clock::boot_ms() >= began_ms + 5_000);
    let times = asked() - before;
    assert!(times <= 20, "{times} deliveries in five seconds");
    shop.holds("restored each time");
    drop((kiosk, shop.hub));
}

#[test]
fn a_year_that_only_head_office_has_seen_deletes_nothing() {
    let mut shop = Shop::new();
    let (truthful, asked) = office(|asked, out| altered(asked, out, &json!({})));
    let kiosk = shop.start(truthful);
    shop.press(6);
    wait_until("all are settled", || asked.load(Ordering::Relaxed) >= 3);
    drop(kiosk);
    let (lying, asked) =
        office(|asked, out| altered(asked, out, &json!({ "hub_time_ms": far_ms() })));
    let kiosk = shop.start(lying);
    shop.press(1);
    wait_until("it has lied often enough", || asked.load(Ordering::Relaxed) >= 4);
    shop.holds("a far year");
    drop((kiosk, shop.hub));
}

/// What a head office says when a kiosk is enrolled, by the network and by a letter.
type Said = (&'static str, fn(&mut Value));

fn enrolled() -> Value {
    json!({
        "kiosk": "kallio-checkout-1",
        "token": "5a".repeat(32),
        "shop": "Nordmarkt Kallio",
        "zone": "Europe/Helsinki",
        "touchpoint": "Checkout 1",
        "hub_keys": { "seal": "7b".repeat(32), "verify": "c1".repeat(32) },
    })
}

const ENROLMENTS: &[Said] = &[
    ("an id that is a path", |said| said["kiosk"] = json!("../../etc/cron.d/kiosk")),
    ("an id that is a whole path", |said| said["kiosk"] = json!("/etc/passwd")),
    ("an id that is hidden", |said| said["kiosk"] = json!(".profile")),
    ("an id that is an option", |said| said["kiosk"] = json!("--config")),
    ("an id with a line", |said| said["kiosk"] = json!("kallio\nforged")),
    ("an id that ends a text", |said| said["kiosk"] = json!("kallio\u{0}")),
    ("an id that turns", |said| said["kiosk"] = json!("kallio\u{202e}lmth")),
    ("an id with spaces", |said| said["kiosk"] = json!("kallio 1")),
    ("no id", |said| said["kiosk"] = json!("")),
    ("a long id", |said| said["kiosk"] = json!("k".repeat(100_000))),
    ("an id longer than a file's name", |said| said["kiosk"] = json!("k".repeat(256))),
    ("a shop that acts", |said| said["shop"] = json!("Kallio\u{1b}[2J\nforged")),
    ("a shop that turns", |said| said["shop"] = json!("Kallio\u{202e}")),
    ("a long shop", |said| said["shop"] = json!("k".repeat(100_000))),
    ("no shop", |said| said["shop"] = json!("  ")),
    ("a touchpoint that acts", |said| said["touchpoint"] = json!("1\r\nforged")),
    ("a long touchpoint", |said| said["touchpoint"] = json!("k".repeat(100_000))),
    ("a zone that acts", |said| said["zone"] = json!("Europe/\u{1b}[2J\nforged")),
    ("a long zone", |said| said["zone"] = json!("k".repeat(100_000))),
    ("a token that is a path", |said| said["token"] = json!("../../../etc/passwd")),
    ("a token with a line", |said| said["token"] = json!(format!("{}\r\nx", "5a".repeat(30)))),
    ("no token", |said| said["token"] = json!("")),
    ("a long token", |said| said["token"] = json!("5a".repeat(50_000))),
    ("a key that is too short", |said| said["hub_keys"]["seal"] = json!("7b")),
    ("a key that is none", |said| said["hub_keys"]["verify"] = json!("zz".repeat(32))),
    ("a long key", |said| said["hub_keys"]["seal"] = json!("7b".repeat(50_000))),
];

/// Enrols by a letter with this in it; returns the error message.
fn by_letter(site: &Site, said: &Value) -> String {
    let letter = text(&site.path("letter"));
    let content = json!({ "smilepost": "enrolment letter", "version": 1, "enrolled": said });
    std::fs::write(&letter, content.to_string()).unwrap();
    site.fail("kiosk", &["enrol", "--letter", &letter])
}

#[test]
fn no_enrolment_makes_a_kiosk_of_what_is_none() {
    static SAID: AtomicUsize = AtomicUsize::new(0);
    let (address, _) = office(|_, out| {
        let mut said = enrolled();
        (ENROLMENTS[SAID.load(Ordering::Relaxed)].1)(&mut said);
        say(out, "201 Created", "", said.to_string().as_bytes());
    });
    let site = Site::new();
    for (at, (what, change)) in ENROLMENTS.iter().enumerate() {
        SAID.store(at, Ordering::Relaxed);
        let mut said = enrolled();
        change(&mut said);
        let by_network = ["enrol", &format!("http://{address}"), "ABCD-EFGH"];
        for told in [site.fail("kiosk", &by_network), by_letter(&site, &said)] {
            assert!(told.len() <= LINE_BYTES_MAX, "{what}: {} bytes", told.len());
            assert_eq!(complaint(told.as_bytes()), None, "{what}");
            assert!(!site.path("kiosk/enrolment.toml").exists(), "{what}: it was enrolled");
        }
    }
    // What was enrolled before there were these checks, or by hand, is not used either.
    let kiosk = site.path("kiosk");
    let enrolment = "hub = \"http://127.0.0.1:1\"\nkiosk = \"../x\"\ntoken = \"a\"\n\
                     shop = \"Kallio\"\nzone = \"Europe/Helsinki\"\n";
    std::fs::create_dir_all(&kiosk).unwrap();
    std::fs::write(kiosk.join("enrolment.toml"), enrolment).unwrap();
    let process = site.start_kiosk();
    let mut buttons = site.buttons();
    buttons.press(5);
    wait_until("it takes ratings all the same", || site.thanks() == 1);
    wait_until("it says so", || site.log("kiosk.log").contains("enrol this kiosk again"));
    drop(process);
}

#[test]
fn a_refused_code_is_a_sentence_and_an_unknown_zone_is_said() {
    let (address, _) = office(|_, out| {
        say(out, "403 No", "", json!({ "refused": long() }).to_string().as_bytes());
    });
    let site = Site::new();
    let told = site.fail("kiosk", &["enrol", &format!("http://{address}"), "ABCD-EFGH"]);
    assert!(told.len() <= LINE_BYTES_MAX, "{} bytes", told.len());
    assert_eq!(complaint(told.as_bytes()), None);
    for (kiosk, zone) in [("パン-売り場", "Europe/Helsinki"), ("kallio-1", "Mars/Olympus_Mons")]
    {
        let mut said = enrolled();
        (said["kiosk"], said["zone"]) = (json!(kiosk), json!(zone));
        let letter = text(&site.path("letter"));
        let content = json!({ "smilepost": "enrolment letter", "version": 1, "enrolled": said });
        std::fs::write(&letter, content.to_string()).unwrap();
        let told = site.say("kiosk", &["enrol", "--letter", &letter]);
        assert!(told.contains(kiosk), "{told}");
        assert_eq!(told.contains("Mars/Olympus_Mons"), zone.starts_with("Mars"), "{told}");
    }
}

/// What lies on a stick: the name of the attack, how many of the five events that were carried it
/// confirms, and how it changes the true receipt.
type Forged = (&'static str, u32, fn(&mut Receipt));

fn all_of(receipt: &Receipt) -> Vec<Settled> {
    let all = |settled: &Settled| {
        let ranges = vec![(0, u32::MAX), (5, 1), (u32::MAX, u32::MAX), (1, 3)];
        Settled { ranges, ..settled.clone() }
    };
    receipt.settled.iter().map(all).collect()
}

fn more_runs(receipt: &mut Receipt, count: u32) {
    let other = |n: u32| Settled { run: format!("{n:032x}"), ranges: vec![(1, u32::MAX)] };
    receipt.settled.extend((0..count).map(other));
}

const RECEIPTS: &[Forged] = &[
    ("the true one among many others", 5, |_| {}),
    ("it settles what was never carried", 5, |receipt| receipt.settled = all_of(receipt)),
    ("it sets aside what was never carried", 0, |receipt| {
        let run = receipt.settled[0].run.clone();
        let reason = long();
        let aside = |n| SetAside { run: run.clone(), n, reason: reason.clone() };
        receipt.set_aside = (6..=9).map(aside).collect();
        receipt.settled.clear();
    }),
    ("its ranges run backwards", 0, |receipt| receipt.settled[0].ranges = vec![(5, 1), (9, 0)]),
    ("it names many other runs", 5, |receipt| more_runs(receipt, 500)),
    ("it is far longer than five events need", 0, |receipt| more_runs(receipt, 10_000)),
    ("its epoch is the largest there is", 5, |receipt| receipt.hub_epoch = u64::MAX),
    ("it is for another kiosk", 0, |receipt| receipt.kiosk = "kallio-checkout-2".to_owned()),
    ("it is for another file", 0, |receipt| receipt.nonce = "0".repeat(32)),
];

#[test]
fn no_receipt_on_a_stick_settles_what_was_never_carried() {
    for (what, confirmed, forge) in RECEIPTS {
        let site = shop();
        let stick = site.path("stick");
        carry(&site, &stick);
        let top = stick;
        let stick = own(&top);
        let is_file = |name: &String| name.ends_with(".smilepost");
        let file = names(&stick).into_iter().find(is_file).unwrap();
        let path = stick.join(&file);
        // What is taken after the stick was written belongs to the same run.
        let thanked = site.thanked();
        site.say("hub", &["import", &text(&path)]);
        let signed = std::fs::read(stick.join(format!("{file}.receipt"))).unwrap();
        let signed: Value = serde_json::from_slice(&signed).unwrap();
        let mut receipt: Receipt = serde_json::from_str(signed["body"].as_str().unwrap()).unwrap();
        let kiosk = site.start_kiosk();
        let mut buttons = site.buttons();
        (0..2).for_each(|_| buttons.press(1));
        wait_until("two more are thanked", || site.thanks() == thanked.len() + 2);
        drop(kiosk);
        let later = site.thanked().into_keys().find(|id| !thanked.contains_key(id)).unwrap();
        receipt.settled.push(Settled { run: later.0.clone(), ranges: vec![(1, u32::MAX)] });
        forge(&mut receipt);
        let keys = HubKeys::read_or_make(&site.path("hub")).unwrap();
        let forged = sign_receipt(&receipt, &keys).unwrap();
        std::fs::write(stick.join(format!("{file}.receipt")), &forged).unwrap();
        let others = if what.contains("many others") { 150 } else { 2 };
        for n in 0..others {
            std::fs::write(stick.join(format!("zz-{n}.smilepost.receipt")), "junk").unwrap();
            std::fs::write(stick.join(format!("aa-{n}.smilepost.receipt")), &forged).unwrap();
        }
        let told = carry(&site, &top);
        let left = 7 - confirmed;
        assert!(told.contains(&format!("{left} events for head office")), "{what}: {told}");
        assert!(told.contains(&format!("; {confirmed} are confirmed")), "{what}: {told}");
        let files = names(&stick).into_iter().filter(is_file);
        for file in files {
            site.say("hub", &["import", &text(&stick.join(file))]);
        }
        assert_eq!(site.archived(), site.thanked(), "{what}");
    }
}
