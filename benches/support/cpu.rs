//! How much of the processors this process and a PostgreSQL server have used.

#![allow(dead_code, reason = "not every bench needs everything of it")]

use std::time::Duration;

use tokio_postgres::NoTls;

/// The processes whose time is counted.
pub(crate) struct Cpu {
    postmaster: Option<u32>,
}

impl Cpu {
    /// This process and the server at this address, if it is on this machine and may be looked at.
    pub(crate) async fn with_server(address: &str) -> Self {
        let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
        tokio::spawn(connection);
        let row = client.query_one("show data_directory", &[]).await.unwrap();
        let file = std::path::Path::new(&row.get::<_, String>(0)).join("postmaster.pid");
        let text = std::fs::read_to_string(file).unwrap_or_default();
        Self { postmaster: text.lines().next().and_then(|pid| pid.trim().parse().ok()) }
    }

    /// The time that this process and the server have used so far.
    pub(crate) fn spent(&self) -> (Duration, Duration) {
        let own = process(std::process::id()).map_or(0, |process| process.own);
        (time(own), time(self.postmaster.map_or(0, server)))
    }
}

/// What the machine is busy with beside, for whoever compares figures.
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let load = load.split(' ').next().unwrap_or("unknown");
    format!("{cores} cores, load average {load}")
}

struct Process {
    parent: u32,
    /// In ticks.
    own: u64,
    /// The same of its children that have ended.
    ended: u64,
}

/// Ticks of the time that is counted for processes, of which a second has a hundred.
fn time(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 10)
}

fn process(pid: u32) -> Option<Process> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before may have spaces in it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Process {
        parent: u32::try_from(number(1)?).ok()?,
        own: number(11)? + number(12)?,
        ended: number(13)? + number(14)?,
    })
}

fn server(postmaster: u32) -> u64 {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let children = pids.filter_map(process).filter(|process| process.parent == postmaster);
    let children: u64 = children.map(|process| process.own).sum();
    children + process(postmaster).map_or(0, |process| process.own + process.ended)
}
