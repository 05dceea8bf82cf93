// SPDX-License-Identifier: MIT OR Apache-2.0
//! Members of a swarm: iroh-gossip with given peers, and distributed-topic-tracker with a topic
//! and a secret alone. Relays, public DNS and port mappers are off.

use std::future::Future;

use anyhow::{Context, Result, bail};
use distributed_topic_tracker::{
    AutoDiscoveryGossip, RecordPublisher, RotationHandle, TopicId,
};
use futures_lite::StreamExt;
use iroh::{
    Endpoint, RelayMode, SecretKey,
    address_lookup::{AddrFilter, memory::MemoryLookup},
    endpoint::{PortmapperConfig, presets},
    protocol::Router,
};
use iroh_gossip::{
    api::Event,
    net::{GOSSIP_ALPN, Gossip},
};
use iroh_mainline_address_lookup::DhtAddressLookup;
use mainline::SigningKey;
use serde_json::{Value, json};
use tokio::io::AsyncBufReadExt;

use crate::{
    options::{Options, print},
    record::OtherRotation,
};

fn endpoint_builder(options: &Options, key: SecretKey) -> Result<iroh::endpoint::Builder> {
    let mut builder = Endpoint::builder(presets::Minimal)
        .secret_key(key)
        .relay_mode(RelayMode::Disabled)
        .portmapper_config(PortmapperConfig::Disabled);
    if let Some(listen) = options.listen {
        builder = builder.clear_ip_transports().bind_addr(listen)?;
    }
    Ok(builder)
}

fn secret_key(options: &Options) -> Result<SecretKey> {
    match &options.identity {
        None => Ok(SecretKey::generate()),
        Some(path) => Ok(SecretKey::from_bytes(std::fs::read(path)?.as_slice().try_into()?)),
    }
}

fn print_listening(endpoint: &Endpoint) {
    let addrs: Vec<String> = endpoint.bound_sockets().iter().map(|a| a.to_string()).collect();
    let id = endpoint.id().to_string();
    print(&json!({"event": "listening", "endpoint_id": id, "addrs": addrs}));
}

fn render(event: &Event) -> Value {
    match event {
        Event::NeighborUp(id) => json!({"event": "neighbor_up", "endpoint_id": id.to_string()}),
        Event::NeighborDown(id) => {
            json!({"event": "neighbor_down", "endpoint_id": id.to_string()})
        }
        Event::Received(message) => json!({
            "event": "message",
            "from": message.delivered_from.to_string(),
            "text": String::from_utf8_lossy(&message.content),
            "scope": format!("{:?}", message.scope),
        }),
        Event::Lagged => json!({"event": "lagged"}),
    }
}

/// One line of input. "/near TEXT" goes to direct neighbours only.
async fn say<A, B, F, G>(line: String, everybody: A, near: B) -> Result<()>
where
    A: FnOnce(Vec<u8>) -> F,
    B: FnOnce(Vec<u8>) -> G,
    F: Future<Output = Result<()>>,
    G: Future<Output = Result<()>>,
{
    match line.strip_prefix("/near ") {
        Some(text) => near(text.as_bytes().to_vec()).await,
        None => everybody(line.into_bytes()).await,
    }
}

struct Input {
    lines: tokio::io::Lines<tokio::io::BufReader<tokio::io::Stdin>>,
    terminate: tokio::signal::unix::Signal,
}

impl Input {
    fn new() -> Result<Self> {
        let terminate =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        let lines = tokio::io::BufReader::new(tokio::io::stdin()).lines();
        Ok(Self { lines, terminate })
    }

    /// The next line; None at the end of input or when asked to leave.
    async fn next(&mut self) -> Option<String> {
        tokio::select! {
            line = self.lines.next_line() => line.ok().flatten(),
            _ = self.terminate.recv() => None,
        }
    }
}

pub async fn gossip(options: &Options) -> Result<()> {
    let known = MemoryLookup::new();
    for peer in &options.peers {
        if !peer.is_empty() {
            known.add_endpoint_info(peer.clone());
        }
    }
    let endpoint =
        endpoint_builder(options, secret_key(options)?)?.address_lookup(known).bind().await?;
    let gossip = Gossip::builder().spawn(endpoint.clone());
    let router = Router::builder(endpoint.clone()).accept(GOSSIP_ALPN, gossip.clone()).spawn();
    print_listening(&endpoint);

    let name = options.topic.clone().context("no topic")?;
    let peers = options.peers.iter().map(|peer| peer.id).collect();
    let topic = gossip.subscribe(TopicId::new(name).hash().into(), peers).await?;
    let (sender, mut receiver) = topic.split();
    let mut input = Input::new()?;
    let mut is_joined = false;
    loop {
        tokio::select! {
            event = receiver.next() => match event {
                Some(event) => {
                    let event = event?;
                    if !is_joined && matches!(event, Event::NeighborUp(_)) {
                        is_joined = true;
                        print(&json!({"event": "joined"}));
                    }
                    print(&render(&event));
                }
                None => bail!("the topic ended"),
            },
            line = input.next() => match line {
                Some(line) => say(
                    line,
                    |text| async { Ok(sender.broadcast(text.into()).await?) },
                    |text| async { Ok(sender.broadcast_neighbors(text.into()).await?) },
                )
                .await?,
                None => break,
            },
        }
    }
    router.shutdown().await?;
    print(&json!({"event": "left"}));
    Ok(())
}

pub async fn tracker(options: &Options) -> Result<()> {
    let key = secret_key(options)?;
    let mut builder = endpoint_builder(options, key.clone())?;
    if !options.no_addresses {
        // Direct addresses too: there is no relay to be published instead.
        builder = builder
            .address_lookup(DhtAddressLookup::builder().addr_filter(AddrFilter::unfiltered()));
    }
    let endpoint = builder.bind().await?;
    let gossip = Gossip::builder().spawn(endpoint.clone());
    let router = Router::builder(endpoint.clone()).accept(GOSSIP_ALPN, gossip.clone()).spawn();
    print_listening(&endpoint);

    let name = options.topic.clone().context("no topic")?;
    let mut publisher = RecordPublisher::builder(
        TopicId::new(name),
        SigningKey::from_bytes(&key.to_bytes()),
        options.secret()?,
    );
    if options.rotation {
        publisher = publisher.secret_rotation(RotationHandle::new(OtherRotation));
    }
    let topic = gossip.subscribe_and_join_with_auto_discovery_no_wait(publisher.build()).await?;
    let (sender, mut receiver) = topic.split().await?;
    let mut input = Input::new()?;
    let mut is_joined = false;
    loop {
        tokio::select! {
            event = receiver.next() => match event {
                Ok(event) => {
                    if !is_joined && matches!(event, Event::NeighborUp(_)) {
                        is_joined = true;
                        print(&json!({"event": "joined"}));
                    }
                    print(&render(&event));
                }
                Err(error) => bail!("the topic ended: {error:?}"),
            },
            line = input.next() => match line {
                Some(line) => say(
                    line,
                    |text| sender.broadcast(text),
                    |text| sender.broadcast_neighbors(text),
                )
                .await?,
                None => break,
            },
        }
    }
    router.shutdown().await?;
    print(&json!({"event": "left"}));
    Ok(())
}
