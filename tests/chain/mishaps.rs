//! Hubs are killed, PostgreSQL is restarted, its primary is killed and the standby promoted, and
//! once a standby that was left behind.

use std::time::Duration;

use crate::balancer;
use crate::chance::{Chance, seeds};
use crate::cluster::{self, Server};
use crate::hub::{Hub, enrol};
use crate::lives::{Lives, client};
use crate::wait::wait_until;

const KIOSKS: u64 = 200;

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
    let hosts = [&first, &second, &third].map(|server| format!("127.0.0.1:{}", server.port));
    let hosts = hosts.join(",");
    let url = format!("postgres://postgres@{hosts}/chain?sslmode=disable");
    let archive = format!("[archive]\nurl = {url:?}\n");
    let mut hubs = ["one", "two"].map(|name| Hub::new(home.path(), name, &archive));
    hubs[0].start();
    wait_until("the first hub is up", || hubs[0].is_up());
    let client = client();
    let kiosks = enrol(&hubs[0], &client, KIOSKS).await;
    hubs[1].start();
    wait_until("the second hub is up", || hubs[1].is_up());
    let to = balancer::start(hubs.iter().map(|hub| hub.address).collect()).await;
    let lives = Lives::begin(kiosks, &client, &format!("http://{to}"));
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
    let kiosks = lives.end().await;

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
