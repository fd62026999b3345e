//! Tests of the desk on a phone in a browser: at 390 by 844 dots, and printed.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fantoccini::wd::{PrintConfigurationBuilder, PrintSize};
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use smilepost::feedback::answer::{Answer, Answered, FollowUp, Reply};
use smilepost::feedback::event::Event;
use smilepost::feedback::moment::{self, Anchor, Reading, Source};
use smilepost::feedback::note::{About, Noted};
use smilepost::feedback::rating::{BootId, RunId};
use smilepost::feedback::zone::Zone;
use smilepost::kiosk::journal::{Journal, Limits};

use crate::events;
use crate::kiosk::{PIN, Scene};
use crate::started::Started;

const DAY_MS: u64 = 86_400_000;

/// Debian's chromedriver, on a port of its own choice.
struct Driver {
    _process: Started,
    url: String,
}

impl Driver {
    fn start() -> Self {
        let mut command = Command::new("chromedriver");
        command.args(["--port=0"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = Started::by(&mut command);
        let said = BufReader::new(process.stdout.take().unwrap());
        let port = said.lines().find_map(|line| {
            let line = line.unwrap();
            let (_, port) = line.split_once("successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        Self { _process: process, url: format!("http://127.0.0.1:{}", port.unwrap()) }
    }

    /// A phone whose browser accepts the certificate.
    async fn phone(&self, profile: &Path) -> Client {
        let profile = format!("--user-data-dir={}", profile.display());
        let options = json!({
            "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
                "--no-first-run", "--disable-component-update", "--disable-sync", profile,
            ],
            "mobileEmulation": {
                "deviceMetrics": { "width": 390, "height": 844, "pixelRatio": 2.0, "touch": true },
            },
        });
        let wanted = json!({ "acceptInsecureCerts": true, "goog:chromeOptions": options });
        let mut builder =
            ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        builder.capabilities(wanted.as_object().unwrap().clone());
        builder.connect(&self.url).await.unwrap()
    }
}

/// Five weeks of ratings at every hour of the day, with reasons and notes.
fn fill(folder: &Path) {
    let mut journal = Journal::open(folder, Limits::default()).unwrap();
    journal.begin(RunId([7; 16]), BootId([8; 16])).unwrap();
    let now_ms = smilepost::clock::wall_ms();
    let today = moment::day_bounds(moment::local(now_ms, &Zone::utc()).0, &Zone::utc()).0;
    let began = today - 35 * i64::try_from(DAY_MS).unwrap();
    let (error_ms, source) = (10, Source::Ntp);
    journal.add_anchor(Anchor { boot_ms: 0, utc_ms: began, error_ms, source }).unwrap();
    for day in 0..35 {
        for hour in 0..24 {
            for n in 0..6 {
                let boot_ms = day * DAY_MS + hour * 3_600_000 + n * 300_000;
                let reading = Reading { boot_ms, wall_ms: 0 };
                let value = [5, 4, 5, 1, 3, 2][usize::try_from((n + hour * day) % 6).unwrap()];
                let kept = journal.append(Event::Rated(events::rated(value)), reading).unwrap();
                let reasons = ["waiting", "staff", "price", "stock", "quality", "payment"];
                let reason = reasons[usize::try_from((n + hour) % 6).unwrap()].to_owned();
                let answer = Answer::new(FollowUp::Reasons, Reply::Reason(reason)).unwrap();
                let question = events::question(1);
                let answered = Answered { to: Some(kept.id.n), answer, question };
                journal.append(Event::Answered(answered), reading).unwrap();
            }
        }
        for hour in 15..22 {
            let text = "Opened the second till at five. ".repeat(6);
            let noted = Noted::new(About::Day, &text).unwrap();
            let boot_ms = day * DAY_MS + hour * 3_600_000;
            journal.append(Event::Noted(noted), Reading { boot_ms, wall_ms: 0 }).unwrap();
        }
    }
    journal.close();
}

/// The accessibility rules that a page breaks, each with the places.
async fn violations(page: &Client, axe: &str) -> Vec<String> {
    page.execute(axe, Vec::new()).await.unwrap();
    let run = "const done = arguments[0]; axe.run().then(found => done(found));";
    let found: Value = page.execute_async(run, Vec::new()).await.unwrap();
    assert!(found["passes"].as_array().unwrap().len() > 5, "axe has looked at nothing");
    let broken = found["violations"].as_array().unwrap().iter();
    broken.map(|rule| format!("{}: {}", rule["id"], rule["nodes"])).collect()
}

/// How much wider the page is than the screen, in dots.
async fn beside(page: &Client) -> i64 {
    let measure = "return document.documentElement.scrollWidth - window.innerWidth;";
    page.execute(measure, Vec::new()).await.unwrap().as_i64().unwrap()
}

fn axe() -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/axe.sh");
    let output = Command::new(script).output().unwrap();
    assert!(output.status.success(), "axe-core: {}", String::from_utf8_lossy(&output.stderr));
    let file = String::from_utf8(output.stdout).unwrap();
    std::fs::read_to_string(file.trim()).unwrap()
}

/// Where a picture of a page is written, for a person to look at.
fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_desk_fits_a_phone_and_is_accessible() {
    let (driver, axe) = (Driver::start(), axe());
    for language in ["en", "de", "ar"] {
        let scene = Scene::with(|settings| {
            settings.language = language.to_owned();
            settings.zone = Some(Zone::utc());
            fill(&settings.data_dir);
        });
        for value in [1, 1, 1, 5, 1] {
            scene.press(value);
        }
        scene.exported(35 * (24 * 12 + 7) + 5);
        let profile = tempfile::tempdir().unwrap();
        let phone = driver.phone(profile.path()).await;
        phone.goto(&scene.address.url).await.unwrap();
        assert!(phone.current_url().await.unwrap().path().ends_with("/pin"));
        assert_eq!(violations(&phone, &axe).await, Vec::<String>::new(), "/pin in {language}");
        phone.find(Locator::Id("pin")).await.unwrap().send_keys(PIN).await.unwrap();
        phone.find(Locator::Css("button")).await.unwrap().click().await.unwrap();
        phone.wait().for_element(Locator::Css("nav")).await.unwrap();
        for path in ["", "days", "why", "notes", "kiosk", "day"] {
            phone.goto(&format!("{}{path}", scene.address.url)).await.unwrap();
            let found = violations(&phone, &axe).await;
            assert_eq!(found, Vec::<String>::new(), "/{path} in {language}");
            assert_eq!(beside(&phone).await, 0, "/{path} in {language} has to be moved sideways");
            let png = phone.screenshot().await.unwrap();
            std::fs::write(picture(&format!("phone-{path}-{language}.png")), png).unwrap();
        }
        // Notes work without any script.
        phone.goto(&format!("{}notes", scene.address.url)).await.unwrap();
        let field = phone.find(Locator::Css("input[name=text]")).await.unwrap();
        field.send_keys("<i>bread</i>").await.unwrap();
        phone.find(Locator::Css("main form button")).await.unwrap().click().await.unwrap();
        let listed = Locator::XPath("//p[contains(., '<i>bread</i>')]");
        phone.wait().for_element(listed).await.unwrap();
        phone.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_day_is_printed_on_one_sheet_of_paper() {
    let driver = Driver::start();
    for language in ["en", "de", "ja"] {
        let scene = Scene::with(|settings| {
            settings.language = language.to_owned();
            settings.zone = Some(Zone::utc());
            fill(&settings.data_dir);
        });
        let profile = tempfile::tempdir().unwrap();
        let phone = driver.phone(profile.path()).await;
        phone.goto(&scene.address.url).await.unwrap();
        phone.find(Locator::Id("pin")).await.unwrap().send_keys(PIN).await.unwrap();
        phone.find(Locator::Css("button")).await.unwrap().click().await.unwrap();
        phone.wait().for_element(Locator::Css("nav")).await.unwrap();
        let now_ms = smilepost::clock::wall_ms();
        let yesterday = moment::local(now_ms, &Zone::utc()).0.pred_opt().unwrap();
        phone.goto(&format!("{}day?date={yesterday}", scene.address.url)).await.unwrap();
        let a4 = PrintConfigurationBuilder::default().size(PrintSize::A4).build().unwrap();
        let pdf = phone.print(a4).await.unwrap();
        std::fs::write(picture(&format!("day-{language}.pdf")), &pdf).unwrap();
        let text = String::from_utf8_lossy(&pdf);
        let pages = text.matches("/Type /Page\n").count();
        assert_eq!(pages, 1, "{language}");
        phone.close().await.unwrap();
    }
}
