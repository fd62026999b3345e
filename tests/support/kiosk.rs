//! A whole kiosk without a screen, whose desk is served on a free port, and somebody with a phone.

use std::thread::JoinHandle;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use smilepost::feedback::rating::{Input, Scale};
use smilepost::feedback::visit::Press;
use smilepost::kiosk::desk::phone::{Address, Place as Where};
use smilepost::kiosk::desk::socket;
use smilepost::kiosk::pin;
use smilepost::kiosk::settings::Settings;
use smilepost::kiosk::{Doorbell, Kiosk, Options, Place};
use smilepost::wire::desk::{Ask, Exported};

pub(crate) const PIN: &str = "2580";

pub(crate) struct Scene {
    pub(crate) settings: Settings,
    pub(crate) address: Address,
    doorbell: Doorbell,
    kiosk: Option<JoinHandle<()>>,
    folder: Option<tempfile::TempDir>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// With other settings, or with something in its data folder already.
    pub(crate) fn with(prepare: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::plain(folder.path());
        settings.brand = "Nordmarkt Kallio".to_owned();
        settings.pace.thanks_ms = 0;
        settings.pace.interval_ms = 0;
        settings.is_judged = false;
        settings.phone = Some(Where { listen: ([127, 0, 0, 1], 0).into(), host: None });
        pin::set(folder.path(), &pin::hash(PIN).unwrap()).unwrap();
        prepare(&mut settings);
        let mut scene = Self::open(settings);
        scene.folder = Some(folder);
        scene
    }

    fn open(settings: Settings) -> Self {
        let options = Options { screen: Place::Nowhere, ..Options::default() };
        let (tell, told) = std::sync::mpsc::channel();
        let to_open = settings.clone();
        let kiosk = std::thread::spawn(move || {
            let kiosk = Kiosk::open(to_open, options).unwrap();
            tell.send((kiosk.phone().unwrap(), kiosk.doorbell())).unwrap();
            kiosk.run().unwrap();
        });
        let (address, doorbell) = told.recv().unwrap();
        Self { settings, address, doorbell, kiosk: Some(kiosk), folder: None }
    }

    /// The same kiosk after a restart.
    pub(crate) fn restart(mut self) -> Self {
        let folder = self.folder.take();
        self.stop();
        let mut scene = Self::open(self.settings.clone());
        scene.folder = folder;
        scene
    }

    fn stop(&mut self) {
        self.doorbell.stop();
        if let Some(kiosk) = self.kiosk.take() {
            kiosk.join().unwrap();
        }
    }

    pub(crate) fn press(&self, value: u8) {
        let score = Scale::Five.score(value).unwrap();
        assert!(self.doorbell.press(Press { score, input: Input::Button }));
    }

    /// Everything that the journal holds, once it holds so much.
    pub(crate) fn exported(&self, least: usize) -> Vec<Exported> {
        let ask = Ask::Export { from: None, to: None };
        for _ in 0..2_000 {
            let mut answers = socket::ask(&self.settings.runtime_dir, &ask).unwrap().unwrap();
            let rows: Vec<_> = std::iter::from_fn(|| answers.event().unwrap()).collect();
            if rows.len() >= least {
                return rows;
            }
            std::thread::park_timeout(std::time::Duration::from_millis(5));
        }
        panic!("there are never {least} rows");
    }

    pub(crate) fn phone(&self) -> Phone {
        Phone { url: self.address.url.clone(), client: client(), cookie: None }
    }

    /// A phone that knows the PIN.
    pub(crate) async fn manager(&self) -> Phone {
        let mut phone = self.phone();
        let answer = phone.post("pin", &[("pin", PIN)]).await;
        assert_eq!((answer.status, answer.to.as_deref()), (303, Some("/")), "{}", answer.text);
        phone.cookie = answer.cookie.map(|cookie| cookie.split(';').next().unwrap().to_owned());
        phone
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        }
    }
}

/// Trusts whatever certificate there is, as somebody does who has compared the fingerprint.
pub(crate) fn client() -> reqwest::Client {
    client_at(1)
}

/// As [`client`], from another address of this machine: 127.0.0.1, 127.0.0.2 and so on.
pub(crate) fn client_at(last: u8) -> reqwest::Client {
    // Another test of this process may have been faster.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .local_address(std::net::IpAddr::from([127, 0, 0, last]))
        .tls_danger_accept_invalid_certs(true)
        .tls_info(true)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

pub(crate) struct Phone {
    pub(crate) url: String,
    pub(crate) client: reqwest::Client,
    pub(crate) cookie: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) to: Option<String>,
    pub(crate) cookie: Option<String>,
    pub(crate) headers: reqwest::header::HeaderMap,
}

impl Phone {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.client.get(format!("{}{path}", self.url))).await
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_with(path, fields, &[]).await
    }

    pub(crate) async fn post_with(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let body: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", value.replace(' ', "+")))
            .collect();
        let request = self
            .client
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.join("&"));
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.send(request).await
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let request = match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let headers = answer.headers().clone();
        let text = |name| {
            headers
                .get(name)
                .map(|value: &reqwest::header::HeaderValue| value.to_str().unwrap().to_owned())
        };
        Answer {
            status: answer.status().as_u16(),
            to: text(LOCATION),
            cookie: text(SET_COOKIE),
            text: String::from_utf8_lossy(&answer.bytes().await.unwrap()).into_owned(),
            headers,
        }
    }

    /// What a form of this phone's pages has to hold.
    pub(crate) async fn form(&self) -> String {
        let page = self.get("notes").await.text;
        let (_, rest) = page.split_once("name=\"form\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }
}
