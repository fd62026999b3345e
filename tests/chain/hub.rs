//! A hub as a process, and a chain that is enrolled there.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::kiosk::Kiosk;
use crate::port::free_address;
use crate::started::Started;

const HUB: &str = env!("CARGO_BIN_EXE_smilepost-hub");
const SHOPS: u64 = 20;

/// A hub that can be killed and started again.
pub(crate) struct Hub {
    config: std::path::PathBuf,
    pub(crate) address: SocketAddr,
    process: Option<Started>,
}

impl Hub {
    /// A hub whose archive is where these lines of its configuration say.
    pub(crate) fn new(home: &Path, name: &str, archive: &str) -> Self {
        let (address, dashboard) = (free_address(), free_address());
        let config = home.join(format!("{name}.toml"));
        let text = format!(
            "data_dir = {:?}\nlisten = \"{address}\"\n[dashboard]\nlisten = \"{dashboard}\"\n\
             [limits]\nrequests_per_minute = 1000000\n{archive}",
            home.join("data")
        );
        std::fs::write(&config, text).unwrap();
        Self { config, address, process: None }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(HUB);
        command.args(arguments).arg("--config").arg(&self.config);
        command
    }

    pub(crate) fn say(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn start(&mut self) {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.config.with_extension("log"))
            .unwrap();
        let mut command = self.command(&["serve"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.process = Some(Started::by(&mut command));
    }

    pub(crate) fn is_up(&self) -> bool {
        TcpStream::connect(self.address).is_ok()
    }

    pub(crate) fn kill(&mut self) {
        self.process = None;
    }
}

/// Sets a chain up: so many kiosks are enrolled.
pub(crate) async fn enrol(hub: &Hub, client: &reqwest::Client, kiosks: u64) -> Vec<Kiosk> {
    for shop in 0..SHOPS {
        hub.say(&["shop", "add", &format!("Shop {shop}"), "--zone", "Europe/Helsinki"]);
    }
    let mut enrolled = Vec::new();
    for number in 0..kiosks {
        let (shop, touchpoint) =
            (format!("shop-{}", number % SHOPS), format!("Till {}", number / SHOPS));
        let said = hub.say(&["kiosk", "add", "--shop", &shop, "--touchpoint", &touchpoint]);
        let code = said.lines().nth(1).unwrap();
        let request = client.post(format!("http://{}/v1/enrolments", hub.address));
        let body = serde_json::json!({ "code": code, "app": "chain" }).to_string();
        let answer = request.header("content-type", "application/json").body(body).send().await;
        let answer: serde_json::Value =
            serde_json::from_slice(&answer.unwrap().bytes().await.unwrap()).unwrap();
        let name = answer["kiosk"].as_str().unwrap().to_owned();
        let token = answer["token"].as_str().unwrap().to_owned();
        enrolled.push(Kiosk::new(name, token, number));
    }
    enrolled
}
