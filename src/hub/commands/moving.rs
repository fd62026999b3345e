//! Moving: kiosks are told another address of the hub, and it is seen who has come there.

use std::net::IpAddr;

use url::{Host, Url};

use super::error::Error;
use crate::escape::Plain;
use crate::hub::archive::{Archive, Status};

/// Has kiosks come to an address from their next delivery on; returns that as a sentence.
///
/// # Errors
/// When it is not an address of a hub.
pub async fn to(archive: &Archive, typed: &str) -> Result<String, Error> {
    let address = address(typed)?;
    archive.move_to(Some(address.clone())).await?;
    Ok(format!(
        "from its next delivery on each kiosk tries {address}, and leaves the old address once \
         this hub has answered there: keep both open until `smilepost-hub moves-to` names no kiosk \
         at another one"
    ))
}

/// Has kiosks stay where they are; returns that as a sentence.
///
/// # Errors
/// When the archive fails.
pub async fn undo(archive: &Archive) -> Result<String, Error> {
    archive.move_to(None).await?;
    Ok("kiosks stay at the addresses that they use; none is told another one".to_owned())
}

/// Who has come to the new address, and who has not, at this time in milliseconds since 1970 UTC;
/// a line each.
///
/// # Errors
/// When the archive fails.
pub async fn standing(archive: &Archive, now_ms: i64) -> Result<String, Error> {
    let Some(address) = archive.moves_to().await? else {
        return Ok("kiosks are told no other address".to_owned());
    };
    let kiosks = archive.kiosks().await?;
    let in_use = kiosks.iter().filter(|it| it.is_enrolled && !it.is_retired(now_ms));
    let (there, others): (Vec<_>, Vec<_>) =
        in_use.partition(|it| it.address.as_ref() == Some(&address));
    let count = there.len();
    let mut text = format!("kiosks are to come to {address}; there so far: {count}\n");
    for status in others {
        let way = way(status, Some(&address)).unwrap_or_else(|| "has not said by which".to_owned());
        text.push_str(&format!("{}\t{way}\n", status.kiosk.id));
    }
    Ok(text)
}

/// By which address a kiosk comes, in words; none where nobody knows.
pub(super) fn way(status: &Status, moves_to: Option<&str>) -> Option<String> {
    let address = status.address.as_deref()?;
    if moves_to.is_none_or(|new| new == address) {
        return Some(format!("comes by {}", Plain(address)));
    }
    let why = status.move_complaint.as_deref();
    let why = why.map(|why| format!(": {}", Plain(why))).unwrap_or_default();
    Some(format!("still comes by {}{why}", Plain(address)))
}

/// An address of a hub as kiosks write it.
fn address(typed: &str) -> Result<String, Error> {
    let typed = typed.trim();
    let wrong = |what: &str| {
        Err(Error::Invalid(format!(
            "{} is not an address to which kiosks go, for it {what}: write \
             https://hub.example.com (http only to this machine)",
            Plain(typed)
        )))
    };
    let Ok(url) = Url::parse(typed) else {
        return wrong("has no https:// in front, or no host");
    };
    let is_bare = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    match (url.scheme(), url.host()) {
        ("https" | "http", None) => wrong("has no host"),
        ("https" | "http", _) if !is_bare => wrong("has more in it than host, port and path"),
        ("http", Some(host)) if !is_this_machine(&host) => {
            wrong("would have kiosks send their tokens over plain HTTP, for others to read")
        }
        ("https" | "http", _) => Ok(url.as_str().trim_end_matches('/').to_owned()),
        _ => wrong("does not begin with https://"),
    }
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(ip) => IpAddr::from(*ip).is_loopback(),
        Host::Ipv6(ip) => IpAddr::from(*ip).is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_as_kiosks_write_it_and_one_that_they_refuse_is_refused() {
        for (typed, kept) in [
            (" https://Hub.Example.com:443/ ", "https://hub.example.com"),
            ("https://example.com/smilepost/", "https://example.com/smilepost"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("http://127.0.0.1:8480", "http://127.0.0.1:8480"),
            ("http://[::1]:8480/", "http://[::1]:8480"),
        ] {
            assert_eq!(address(typed).unwrap(), kept);
        }
        for (typed, why) in [
            ("hub.example.com", "has no https://"),
            ("http://hub.example.com", "over plain HTTP"),
            ("https://name:word@hub.example.com", "more in it"),
            ("https://hub.example.com/?a=b", "more in it"),
            ("ftp://hub.example.com", "does not begin with https://"),
        ] {
            let said = address(typed).unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
        }
    }
}
