//! HTTP as the uplink speaks it: timeouts on everything, no redirects, and no answer read further
//! than any hub's goes.

use std::io::Write as _;

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, redirect};
use serde::de::DeserializeOwned;

use super::Error;
use crate::kiosk::settings;
use crate::wire;

pub(super) fn client(settings: &settings::Uplink, hub: &str) -> Result<Client, Error> {
    // Somebody else in this process may have installed the same provider before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = reqwest::Url::parse(hub).map_err(|_| Error::Address(hub.to_owned()))?;
    let is_this_machine = match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    };
    if !(url.scheme() == "https" || url.scheme() == "http" && is_this_machine) {
        return Err(Error::Address(hub.to_owned()));
    }
    let mut builder = Client::builder()
        .connect_timeout(settings.connect_timeout)
        .read_timeout(settings.read_timeout)
        .timeout(settings.timeout)
        .redirect(redirect::Policy::none())
        .no_proxy();
    if let Some(file) = &settings.ca_file {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| Error::Certificates {
            file: file.display().to_string(),
            source,
        };
        let pem = std::fs::read(file).map_err(|error| failed(error.into()))?;
        let bundle = reqwest::Certificate::from_pem_bundle(&pem);
        builder = builder.tls_certs_merge(bundle.map_err(|error| failed(error.into()))?);
    }
    builder.build().map_err(Error::Unreachable)
}

pub(super) fn gzip(json: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(json)?;
    encoder.finish()
}

pub(super) fn is_json(answer: &Response) -> bool {
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.split(';').next().is_some_and(|kind| kind == "application/json"))
}

/// The seconds that the hub asks us to wait; a date would need a clock that can be trusted.
pub(super) fn retry_after_s(answer: &Response) -> Option<u32> {
    answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

/// Reads an answer as far as any answer of a hub goes.
pub(super) async fn read(mut answer: Response) -> reqwest::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > wire::ANSWER_BYTES_MAX {
            body.clear();
            break;
        }
    }
    Ok(body)
}

pub(super) fn parse<T: DeserializeOwned>(is_json: bool, body: &[u8]) -> Option<T> {
    if is_json { serde_json::from_slice(body).ok() } else { None }
}

/// An error and its causes in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line = format!("{line}: {cause}");
        source = cause.source();
    }
    line
}
