//! Addresses for programs that a test starts later, or never.
//!
//! Between the moment when a port is found free and the one when a program listens there, anything
//! may take it that the system gives a port to: it does so from 32768 on. So these are below, and
//! each is held by a name that the system lets go of when the test's process has ended.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr as Name, UnixListener};

/// Ports that the system gives nobody, and that few programs have.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// An address of this machine at which nobody listens, and which no other test gets.
pub(crate) fn free_address() -> SocketAddr {
    let begin = u16::try_from(std::process::id() % u32::from(PORTS.end - PORTS.start)).unwrap();
    let from_there = PORTS.cycle().skip(begin.into()).take(PORTS.len());
    let free = from_there.filter(|port| is_ours(*port)).map(|port| {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        TcpListener::bind(address).map(|_| address)
    });
    free.flatten().next().unwrap()
}

/// Takes the name of a port for as long as this process lives; false where another has it.
fn is_ours(port: u16) -> bool {
    let name = Name::from_abstract_name(format!("smilepost-test-port-{port}")).unwrap();
    // Never closed: an address may be used for as long as a test goes on.
    UnixListener::bind_addr(&name).map(std::mem::forget).is_ok()
}
