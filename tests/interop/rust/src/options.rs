// SPDX-License-Identifier: MIT OR Apache-2.0
//! The options of all peers, named as those of `dtt`, and the helpers of line-based JSON.

use std::{io::Write, net::SocketAddr};

use anyhow::{Context, Result, bail};
use iroh::{EndpointAddr, EndpointId};
use serde_json::Value;

use crate::servers::Servers;

#[derive(Default)]
pub struct Options {
    pub topic: Option<String>,
    /// By which the topic is joined, instead of by its name.
    pub topic_hash: Option<[u8; 32]>,
    pub listen: Option<SocketAddr>,
    /// File with the 32 bytes of the secret key.
    pub identity: Option<String>,
    pub secret_file: Option<String>,
    pub peers: Vec<EndpointAddr>,
    pub bootstrap: Vec<String>,
    /// Storing DHT nodes to run.
    pub nodes: usize,
    /// The protocol that a bare endpoint speaks.
    pub alpn: Option<String>,
    /// Of the two halves of the address lookup in the DHT, leave one out.
    pub no_publish: bool,
    pub no_resolve: bool,
    /// Use a rotation of the secret of our own.
    pub rotation: bool,
    /// Tell where we are, and look others up, in the local network.
    pub lan: bool,
    /// With a relay among them the endpoint has no UDP socket, unless that is asked for.
    pub servers: Servers,
}

impl Options {
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut o = Self::default();
        while let Some(word) = words.next() {
            let mut value = || {
                words
                    .next()
                    .with_context(|| format!("{word} needs a value"))
            };
            match word.as_str() {
                "--listen" => o.listen = Some(value()?.parse()?),
                "--topic-hash" => {
                    let mut hash = [0; 32];
                    hex::decode_to_slice(value()?, &mut hash)?;
                    o.topic_hash = Some(hash);
                }
                "--identity" => o.identity = Some(value()?),
                "--secret-file" => o.secret_file = Some(value()?),
                "--peer" => o.peers.push(parse_peer(&value()?)?),
                "--bootstrap" => o.bootstrap.push(value()?),
                "--nodes" => o.nodes = value()?.parse()?,
                "--alpn" => o.alpn = Some(value()?),
                "--no-publish" => o.no_publish = true,
                "--no-resolve" => o.no_resolve = true,
                "--rotation" => o.rotation = true,
                "--lan" => o.lan = true,
                _ if o.servers.parse(&word, &mut value)? => {}
                _ if word.starts_with("--") => bail!("unknown option {word}"),
                _ => o.topic = Some(word),
            }
        }
        Ok(o)
    }

    /// Contents of the secret file without the newline at its end.
    pub fn secret(&self) -> Result<Vec<u8>> {
        let path = self
            .secret_file
            .as_ref()
            .context("--secret-file is missing")?;
        let mut secret = std::fs::read(path)?;
        if secret.last() == Some(&b'\n') {
            secret.pop();
        }
        Ok(secret)
    }
}

/// ID@ADDR:PORT, ID@URL with the URL of its home relay, or ID alone.
pub fn parse_peer(text: &str) -> Result<EndpointAddr> {
    let (id, addr) = text.split_once('@').unwrap_or((text, ""));
    let peer = EndpointAddr::new(id.parse::<EndpointId>()?);
    Ok(if addr.is_empty() {
        peer
    } else if addr.starts_with("http") {
        peer.with_relay_url(addr.parse()?)
    } else {
        peer.with_ip_addr(addr.parse()?)
    })
}

pub fn print(event: &Value) {
    let mut out = std::io::stdout().lock();
    // Nobody reads any more: the driver has gone, and this process goes with its input.
    let _ = writeln!(out, "{event}").and_then(|()| out.flush());
}

/// A hex member of a request; None when it is missing.
pub fn hex_at(request: &Value, name: &str) -> Result<Option<Vec<u8>>> {
    match request.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let text = value
                .as_str()
                .with_context(|| format!("{name} is no text"))?;
            Ok(Some(
                hex::decode(text).with_context(|| format!("{name} is no hex"))?,
            ))
        }
    }
}

/// A hex member of exactly N bytes.
pub fn bytes_at<const N: usize>(request: &Value, name: &str) -> Result<[u8; N]> {
    let bytes = hex_at(request, name)?.with_context(|| format!("{name} is missing"))?;
    bytes
        .try_into()
        .map_err(|_| anyhow::anyhow!("{name} has not {N} bytes"))
}
