//! Proxies between kiosk and hub: one that a shop's network has, and one that a hub stands behind.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What came to a proxy: the first line of each request.
type Seen = Arc<Mutex<Vec<String>>>;

/// A proxy, and what came to it.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    seen: Seen,
}

impl Proxy {
    /// How many requests came whose first line begins so.
    pub(crate) fn count(&self, start: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|line| line.starts_with(start)).count()
    }
}

/// The lines of a head, without the empty one at its end; none when the connection was closed.
fn head(stream: &mut BufReader<TcpStream>) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => return Some(lines),
            line => lines.push(line.to_owned()),
        }
    }
}

fn value<'a>(head: &'a [String], name: &str) -> Option<&'a str> {
    let mut pairs = head.iter().filter_map(|line| line.split_once(':'));
    pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn each(serve: impl Fn(TcpStream, &Seen) -> Option<()> + Send + Sync + 'static) -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Seen::default();
    let (serve, all) = (Arc::new(serve), Arc::clone(&seen));
    std::thread::spawn(move || {
        for near in listener.incoming() {
            let (serve, seen) = (Arc::clone(&serve), Arc::clone(&all));
            std::thread::spawn(move || serve(near.unwrap(), &seen));
        }
    });
    Proxy { address, seen }
}

/// A proxy that hides this hub's headers as proxies do: each answer's head goes through `change`.
/// The hub is found below the path `below`, which it does not get to see.
pub(crate) fn in_front_of(
    hub: SocketAddr,
    below: &'static str,
    change: impl Fn(&mut Vec<String>) + Send + Sync + 'static,
) -> Proxy {
    each(move |near, seen| {
        let from = near.peer_addr().ok()?.ip();
        let mut asking = BufReader::new(near.try_clone().ok()?);
        let asked = head(&mut asking)?;
        seen.lock().unwrap().push(asked.first()?.clone());
        let length = value(&asked, "content-length").map_or(0, |text| text.parse().unwrap());
        let mut body = vec![0; length];
        asking.read_exact(&mut body).ok()?;
        let mut far = TcpStream::connect(hub).ok()?;
        let first = asked.first()?.replacen(&format!(" {below}/"), " /", 1);
        write!(far, "{first}\r\n").ok()?;
        let is_kept = |line: &&String| !line.to_ascii_lowercase().starts_with("connection:");
        for line in asked.iter().skip(1).filter(is_kept) {
            write!(far, "{line}\r\n").ok()?;
        }
        write!(far, "x-forwarded-for: {from}\r\nconnection: close\r\n\r\n").ok()?;
        far.write_all(&body).ok()?;
        let mut answering = BufReader::new(far);
        let mut answer = head(&mut answering)?;
        let mut body = Vec::new();
        answering.read_to_end(&mut body).ok()?;
        change(&mut answer);
        let mut near = near;
        near.write_all(format!("{}\r\n\r\n", answer.join("\r\n")).as_bytes()).ok()?;
        near.write_all(&body).ok()
    })
}

/// What a company's proxy does with whoever wants to get out.
pub(crate) enum Mood {
    /// It lets everybody through.
    Open,
    /// It lets those through who show this, in the form of HTTP's basic authentication.
    Wants(&'static str),
    /// It lets nobody through.
    Shut,
}

/// A company's proxy, which leads every `CONNECT` to this hub, whatever its name.
pub(crate) fn on_the_way_to(hub: SocketAddr, mood: Mood) -> Proxy {
    each(move |near, seen| {
        let mut asking = BufReader::new(near.try_clone().ok()?);
        let asked = head(&mut asking)?;
        seen.lock().unwrap().push(asked.first()?.clone());
        let shown = value(&asked, "proxy-authorization");
        let answer = match mood {
            Mood::Shut => "403 Forbidden",
            Mood::Wants(login) if shown != Some(&format!("Basic {login}")) => {
                "407 Proxy Authentication Required"
            }
            Mood::Wants(_) | Mood::Open => "200 Connection established",
        };
        let mut near = near;
        write!(near, "HTTP/1.1 {answer}\r\n\r\n").ok()?;
        if !answer.starts_with("200") {
            return near.shutdown(Shutdown::Both).ok();
        }
        let far = TcpStream::connect(hub).ok()?;
        let (mut back, mut there) = (far.try_clone().ok()?, near.try_clone().ok()?);
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut back, &mut there);
            let _ = there.shutdown(Shutdown::Both);
        });
        let mut far = far;
        let _ = std::io::copy(&mut asking, &mut far);
        far.shutdown(Shutdown::Both).ok()
    })
}
