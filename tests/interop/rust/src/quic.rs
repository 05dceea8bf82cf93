// SPDX-License-Identifier: MIT OR Apache-2.0
//! A bare endpoint of iroh: commands and output are those of ../../quic_peer.c, and "/bidi" to open
//! a bidirectional stream, which the other side does not speak.

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, bail};
use iroh::{
    Endpoint, RelayMode, SecretKey,
    endpoint::{Connection, ConnectionError, PortmapperConfig, RecvStream, VarInt, presets},
};
use serde_json::json;
use tokio::io::AsyncBufReadExt;

use crate::options::{Options, parse_peer, print};

const LARGEST: usize = 64 << 20;

/// Connections that stand, and how many streams were sent on each.
type Connections = Arc<Mutex<Vec<(Connection, usize)>>>;

fn byte(n: usize, i: usize) -> u8 {
    ((n + i) % 251) as u8
}

async fn read_stream(mut stream: RecvStream) {
    let Ok(data) = stream.read_to_end(LARGEST).await else {
        return; // told by "closed"
    };
    let n = data.first().copied().unwrap_or_default() as usize;
    let whole = data.iter().enumerate().all(|(i, b)| *b == byte(n, i));
    print(&json!({"event": "stream", "n": n, "bytes": data.len(), "whole": whole}));
}

fn closed(error: &ConnectionError) -> (String, u64) {
    match error {
        ConnectionError::ApplicationClosed(close) => (
            String::from_utf8_lossy(&close.reason).into(),
            close.error_code.into(),
        ),
        other => (format!("{other:?}"), 0),
    }
}

async fn serve(connection: Connection, dialed: bool, all: Connections) {
    let id = connection.remote_id().to_string();
    all.lock().unwrap().push((connection.clone(), 0));
    print(&json!({"event": "connected", "endpoint_id": id, "dialed": dialed}));
    while let Ok(stream) = connection.accept_uni().await {
        tokio::spawn(read_stream(stream));
    }
    let (reason, code) = closed(&connection.closed().await);
    let stable = connection.stable_id();
    all.lock().unwrap().retain(|(c, _)| c.stable_id() != stable);
    print(
        &json!({"event": "closed", "endpoint_id": id, "reason": reason, "code": code,
        "connected": true}),
    );
}

fn failed(reason: String) {
    print(&json!({"event": "closed", "reason": reason, "connected": false}));
}

async fn send(connection: Connection, first: usize, count: usize, bytes: usize) -> Result<()> {
    for n in first..first + count {
        let data: Vec<u8> = (0..bytes).map(|i| byte(n % 251, i)).collect();
        let mut stream = connection.open_uni().await?;
        stream.write_all(&data).await?;
        stream.finish()?;
    }
    Ok(())
}

async fn bidi(connection: Connection) -> Result<()> {
    let (mut sender, _receiver) = connection.open_bi().await?;
    sender.write_all(b"nobody speaks this").await?;
    let code = sender.stopped().await?;
    print(&json!({"event": "bidi", "stopped": code.map(u64::from)}));
    Ok(())
}

fn obey(line: &str, endpoint: &Endpoint, alpn: &str, all: &Connections) -> Result<()> {
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        ["/dial", peer] => {
            let (endpoint, all) = (endpoint.clone(), all.clone());
            let (peer, alpn) = (parse_peer(peer)?, alpn.to_owned());
            tokio::spawn(async move {
                match endpoint.connect(peer, alpn.as_bytes()).await {
                    Ok(connection) => serve(connection, true, all).await,
                    Err(error) => failed(format!("{error:#}")),
                }
            });
        }
        ["/send", count, bytes] => {
            let (count, bytes) = (count.parse::<usize>()?, bytes.parse()?);
            for (connection, sent) in all.lock().unwrap().iter_mut() {
                tokio::spawn(send(connection.clone(), *sent, count, bytes));
                *sent += count;
            }
        }
        ["/bidi"] => {
            for (connection, _) in all.lock().unwrap().iter() {
                tokio::spawn(bidi(connection.clone()));
            }
        }
        ["/close"] => {
            for (connection, _) in all.lock().unwrap().iter() {
                connection.close(VarInt::from_u32(7), b"enough");
            }
        }
        _ => bail!("unknown command {line}"),
    }
    Ok(())
}

pub async fn run(options: &Options) -> Result<()> {
    let alpn = options.alpn.clone().context("--alpn is missing")?;
    let listen = options.listen.context("--listen is missing")?;
    let endpoint = Endpoint::builder(presets::Minimal)
        .secret_key(SecretKey::generate())
        .alpns(vec![alpn.clone().into_bytes()])
        .relay_mode(RelayMode::Disabled)
        .portmapper_config(PortmapperConfig::Disabled)
        .clear_ip_transports()
        .bind_addr(listen)?
        .bind()
        .await?;
    let addrs: Vec<String> = endpoint
        .bound_sockets()
        .iter()
        .map(|a| a.to_string())
        .collect();
    let id = endpoint.id().to_string();
    print(&json!({"event": "listening", "endpoint_id": id, "addrs": addrs}));

    let all = Connections::default();
    let mut lines = tokio::io::BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            incoming = endpoint.accept() => {
                let incoming = incoming.context("the endpoint ended")?;
                let all = all.clone();
                tokio::spawn(async move {
                    match incoming.await {
                        Ok(connection) => serve(connection, false, all).await,
                        Err(error) => failed(format!("{error:#}")),
                    }
                });
            }
            line = lines.next_line() => match line? {
                Some(line) => obey(&line, &endpoint, &alpn, &all)?,
                None => break,
            },
        }
    }
    endpoint.close().await;
    std::process::exit(0)
}
