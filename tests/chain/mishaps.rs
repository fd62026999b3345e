//! Hubs are killed, PostgreSQL is restarted, its primary is killed and the standby promoted, and
//! once a standby that was left behind.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::balancer;
use crate::chance::{Chance, seeds};
use crate::cluster::{self, Server};
use crate::kiosk::Kiosk;
use crate::started::Started;
use crate::wait::wait_until;

const HUB: &str = env!("CARGO_BIN_EXE_smilepost-hub");
const KIOSKS: u64 = 200;
const SHOPS: u64 = 20;

/// A hub that can be killed and started again.
struct Hub {
    config: std::path::PathBuf,
    address: SocketAddr,
    process: Option<Started>,
}

impl Hub {
    fn new(home: &Path, name: &str, ports: &[u16]) -> Self {
        let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (address, dashboard) = (free(), free());
        let hosts: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let config = home.join(format!("{name}.toml"));
        let text = format!(
            "data_dir = {:?}\nlisten = \"{address}\"\n[dashboard]\nlisten = \"{dashboard}\"\n\
             [limits]\nrequests_per_minute = 1000000\n\
             [archive]\nurl = \"postgres://postgres@{}/chain?sslmode=disable\"\n",
            home.join("data"),
            hosts.join(",")
        );
        std::fs::write(&config, text).unwrap();
        Self { config, address, process: None }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(HUB);
        command.args(arguments).arg("--config").arg(&self.config);
        command
    }

    fn say(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn start(&mut self) {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.config.with_extension("log"))
            .unwrap();
        let mut command = self.command(&["serve"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.process = Some(Started::by(&mut command));
    }

    fn is_up(&self) -> bool {
        TcpStream::connect(self.address).is_ok()
    }

    fn kill(&mut self) {
        self.process = None;
    }
}

/// The chain as it is set up: the kiosks are enrolled.
async fn enrol(hub: &Hub, client: &reqwest::Client) -> Vec<Kiosk> {
    for shop in 0..SHOPS {
        hub.say(&["shop", "add", &format!("Shop {shop}"), "--zone", "Europe/Helsinki"]);
    }
    let mut kiosks = Vec::new();
    for number in 0..KIOSKS {
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
        kiosks.push(Kiosk::new(name, token, number));
    }
    kiosks
}

/// Shoppers press and kiosks deliver until somebody says that it is enough; then they deliver what
/// is left.
async fn live(
    mut kiosk: Kiosk,
    client: reqwest::Client,
    to: String,
    is_enough: Arc<AtomicBool>,
) -> Kiosk {
    loop {
        let is_last = is_enough.load(Ordering::Relaxed);
        if !is_last {
            kiosk.press();
        }
        let failed = kiosk.failed;
        kiosk.deliver(&client, &to).await;
        if is_last && kiosk.is_settled() && kiosk.failed == failed {
            return kiosk;
        }
        let pause = if kiosk.failed > failed { 500 } else { 150 };
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
}

/// What goes wrong, in an order drawn from a seed.
#[derive(Clone, Copy, Debug)]
enum Mishap {
    HubIsKilled(usize),
    PostgresIsRestarted,
}

fn drawn(chance: &mut Chance, times: usize) -> Vec<Mishap> {
    let one = |chance: &mut Chance| match chance.below(3_u32) {
        2 => Mishap::PostgresIsRestarted,
        hub => Mishap::HubIsKilled(usize::try_from(hub).unwrap()),
    };
    (0..times).map(|_| one(chance)).collect()
}

async fn suffer(mishaps: &[Mishap], hubs: &mut [Hub], primary: &Server, chance: &mut Chance) {
    for mishap in mishaps {
        tokio::time::sleep(Duration::from_millis(500 + chance.below(1_500_u64))).await;
        match mishap {
            Mishap::HubIsKilled(hub) => {
                hubs[*hub].kill();
                tokio::time::sleep(Duration::from_millis(chance.below(800_u64))).await;
                hubs[*hub].start();
            }
            Mishap::PostgresIsRestarted => {
                primary.kill();
                primary.start();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_whatever_ends_in_a_chain() {
    let mut chance = Chance::seeded(seeds(1)[0]);
    let home = cluster::folder();
    let first = Server::primary(home.path());
    first.sql("create database chain");
    let second = Server::standby(home.path(), "b", &first);
    let third = Server::standby(home.path(), "c", &first);
    first.wait_for("b");
    let ports = [first.port, second.port, third.port];
    let mut hubs = ["one", "two"].map(|name| Hub::new(home.path(), name, &ports));
    hubs[0].start();
    wait_until("the first hub is up", || hubs[0].is_up());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
    let kiosks = enrol(&hubs[0], &client).await;
    hubs[1].start();
    wait_until("the second hub is up", || hubs[1].is_up());
    let to = balancer::start(hubs.iter().map(|hub| hub.address).collect()).await;
    let to = format!("http://{to}");
    let is_enough = Arc::new(AtomicBool::new(false));
    let lives: Vec<_> = kiosks
        .into_iter()
        .map(|kiosk| tokio::spawn(live(kiosk, client.clone(), to.clone(), Arc::clone(&is_enough))))
        .collect();
    let tokens = "select count(*) from token";
    wait_until("the third server knows the kiosks", || {
        third.in_chain(tokens) == KIOSKS.to_string()
    });

    suffer(&drawn(&mut chance, 6), &mut hubs, &first, &mut chance).await;
    // The third server is left behind here.
    third.kill();
    suffer(&drawn(&mut chance, 4), &mut hubs, &first, &mut chance).await;
    first.kill();
    tokio::time::sleep(Duration::from_secs(1)).await;
    second.promote();
    suffer(&drawn(&mut chance, 6), &mut hubs, &second, &mut chance).await;
    // The worst: what comes back has not everything that was acknowledged.
    second.kill();
    third.start();
    third.promote();
    suffer(&drawn(&mut chance, 4), &mut hubs, &third, &mut chance).await;
    is_enough.store(true, Ordering::Relaxed);
    let mut kiosks = Vec::new();
    for life in lives {
        kiosks.push(life.await.unwrap());
    }

    let taken: usize = kiosks.iter().map(Kiosk::taken).sum();
    let again: u32 = kiosks.iter().map(|kiosk| kiosk.offered_again).sum();
    let failed: u32 = kiosks.iter().map(|kiosk| kiosk.failed).sum();
    let longest = kiosks.iter().map(|kiosk| kiosk.longest_ms).max().unwrap();
    println!(
        "{taken} ratings of {KIOSKS} kiosks; {failed} deliveries failed, the longest took \
         {longest} ms; {again} times everything was offered again"
    );
    assert!(again > 0, "the standby that was left behind is noticed");
    for kiosk in &kiosks {
        let sql = format!(
            "select score, count(*) from event join kiosk on kiosk.no = event.kiosk \
             where kiosk.id = '{}' group by score order by score",
            kiosk.name
        );
        let faces = kiosk.faces().into_iter().map(|(score, times)| format!("{score}|{times}"));
        let faces: Vec<String> = faces.collect();
        assert_eq!(third.in_chain(&sql), faces.join("\n"), "{}", kiosk.name);
    }
    hubs[0].say(&["reconcile"]);
    hubs[0].say(&["recount"]);
}
