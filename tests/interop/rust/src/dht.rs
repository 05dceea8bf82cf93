// SPDX-License-Identifier: MIT OR Apache-2.0
//! Nodes of the crate mainline: some that store for others, and one that asks for us.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, bail};
use futures_lite::StreamExt;
use mainline::{Dht, Id, MutableItem, SigningKey, async_dht::AsyncDht};
use serde_json::{Value, json};
use tokio::io::AsyncBufReadExt;

use crate::options::{Options, bytes_at, hex_at, print};

fn storing_node(bootstrap: &[String], port: Option<u16>) -> Result<AsyncDht> {
    let mut builder = Dht::builder();
    builder
        .server_mode()
        .bind_address(Ipv4Addr::LOCALHOST)
        .bootstrap(bootstrap);
    if let Some(port) = port {
        builder.port(port);
    }
    Ok(builder.build()?.as_async())
}

async fn put_mutable(dht: &AsyncDht, request: &Value) -> Result<Value> {
    let key = SigningKey::from_bytes(&bytes_at::<32>(request, "key")?);
    let value = hex_at(request, "value")?.context("no value")?;
    let seq = request["seq"].as_i64().context("no seq")?;
    let salt = hex_at(request, "salt")?;
    let item = MutableItem::new(key, &value, seq, salt.as_deref());
    let outcome = dht.put_mutable(item, request["cas"].as_i64()).await?;
    Ok(json!({"target": hex::encode(outcome.target.as_bytes())}))
}

async fn get_mutable(dht: &AsyncDht, request: &Value) -> Result<Value> {
    let key = bytes_at::<32>(request, "public_key")?;
    let salt = hex_at(request, "salt")?;
    let items: Vec<MutableItem> = dht.get_mutable(&key, salt.as_deref(), None).collect().await;
    let values: Vec<Value> = items
        .iter()
        .map(|item| json!({"seq": item.seq(), "value": hex::encode(item.value())}))
        .collect();
    Ok(json!({"values": values}))
}

async fn answer(dht: &AsyncDht, request: &Value) -> Result<Value> {
    match request["do"].as_str() {
        Some("put_mutable") => put_mutable(dht, request).await,
        Some("get_mutable") => get_mutable(dht, request).await,
        Some("put") => {
            let value = hex_at(request, "value")?.context("no value")?;
            let target = dht.put_immutable(&value).await?;
            Ok(json!({"target": hex::encode(target.as_bytes())}))
        }
        Some("get") => {
            let target = Id::from_bytes(bytes_at::<20>(request, "target")?)?;
            let value = dht.get_immutable(target).await;
            Ok(json!({"value": value.map(hex::encode)}))
        }
        Some("find") => {
            let target = Id::from_bytes(bytes_at::<20>(request, "target")?)?;
            let nodes = dht.find_node(target).await;
            let addrs: Vec<String> = nodes.iter().map(|n| n.address().to_string()).collect();
            Ok(json!({"addrs": addrs}))
        }
        _ => bail!("unknown request {request}"),
    }
}

pub async fn serve(options: &Options) -> Result<()> {
    let mut bootstrap = options.bootstrap.clone();
    let mut nodes = Vec::new();
    let mut addrs = Vec::new();
    for i in 0..options.nodes {
        let port = if i == 0 {
            options.listen.map(|addr| addr.port())
        } else {
            None
        };
        let node = storing_node(&bootstrap, port)?;
        let addr = node.info().await.local_addr().to_string();
        if bootstrap.is_empty() {
            bootstrap.push(addr.clone());
        }
        addrs.push(addr);
        nodes.push(node);
    }
    let mut builder = Dht::builder();
    builder
        .bind_address(Ipv4Addr::LOCALHOST)
        .bootstrap(&bootstrap);
    let client = builder.build()?.as_async();
    let meetings: Vec<_> = nodes
        .iter()
        .chain([&client])
        .map(|node| {
            let node = node.clone();
            tokio::spawn(async move { node.bootstrapped().await })
        })
        .collect();
    for meeting in meetings {
        meeting.await?;
    }
    print(&json!({"event": "ready", "bootstrap": bootstrap, "addrs": addrs}));

    let mut lines = tokio::io::BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let request: Value = serde_json::from_str(&line)?;
        let reply = answer(&client, &request).await;
        let mut reply = reply.unwrap_or_else(|error| json!({"error": format!("{error:#}")}));
        reply["event"] = json!("reply");
        print(&reply);
    }
    Ok(())
}
