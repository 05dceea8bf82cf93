// SPDX-License-Identifier: MIT OR Apache-2.0
//! Members of a swarm: iroh-gossip with given peers, and distributed-topic-tracker with a topic
//! and a secret alone. Relays, public DNS and port mappers are off.

use anyhow::{Context, Result, anyhow};
use distributed_topic_tracker::{AutoDiscoveryGossip, RecordPublisher, TopicId};
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
use tokio::{
    io::AsyncBufReadExt,
    signal::unix::{SignalKind, signal},
};

use crate::options::{Options, print};

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
        Some(path) => Ok(SecretKey::from_bytes(
            std::fs::read(path)?.as_slice().try_into()?,
        )),
    }
}

fn print_listening(endpoint: &Endpoint) {
    let addrs: Vec<String> = endpoint
        .bound_sockets()
        .iter()
        .map(|a| a.to_string())
        .collect();
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

/// A topic joined by either crate.
enum Topic {
    Gossip(
        iroh_gossip::api::GossipSender,
        iroh_gossip::api::GossipReceiver,
    ),
    Tracker(
        distributed_topic_tracker::GossipSender,
        distributed_topic_tracker::GossipReceiver,
    ),
}

impl Topic {
    async fn next(&mut self) -> Result<Event> {
        match self {
            Self::Gossip(_, receiver) => Ok(receiver.next().await.context("the topic ended")??),
            Self::Tracker(_, receiver) => receiver.next().await.map_err(|e| anyhow!("{e:?}")),
        }
    }

    /// One line of input. "/near TEXT" goes to direct neighbours only.
    async fn say(&self, line: String) -> Result<()> {
        let near = line
            .strip_prefix("/near ")
            .map(|text| text.as_bytes().to_vec());
        match (self, near) {
            (Self::Gossip(sender, _), None) => Ok(sender.broadcast(line.into()).await?),
            (Self::Gossip(sender, _), Some(t)) => Ok(sender.broadcast_neighbors(t.into()).await?),
            (Self::Tracker(sender, _), None) => sender.broadcast(line.into_bytes()).await,
            (Self::Tracker(sender, _), Some(t)) => sender.broadcast_neighbors(t).await,
        }
    }
}

/// Talks until the input ends or a signal comes; then leaves in order and ends the process.
async fn talk(mut topic: Topic, router: Router) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut lines = tokio::io::BufReader::new(tokio::io::stdin()).lines();
    let mut is_joined = false;
    loop {
        tokio::select! {
            event = topic.next() => {
                let event = event?;
                if !is_joined && matches!(event, Event::NeighborUp(_)) {
                    is_joined = true;
                    print(&json!({"event": "joined"}));
                }
                print(&render(&event));
            }
            line = lines.next_line() => match line? {
                Some(line) => topic.say(line).await?,
                None => break,
            },
            _ = terminate.recv() => break,
        }
    }
    router.shutdown().await?;
    print(&json!({"event": "left"}));
    // Returning would wait for the thread that reads standard input.
    std::process::exit(0)
}

pub async fn gossip(options: &Options) -> Result<()> {
    let known = MemoryLookup::new();
    for peer in &options.peers {
        if !peer.is_empty() {
            known.add_endpoint_info(peer.clone());
        }
    }
    let key = secret_key(options)?;
    let endpoint = endpoint_builder(options, key)?
        .address_lookup(known)
        .bind()
        .await?;
    let gossip = Gossip::builder().spawn(endpoint.clone());
    let router = Router::builder(endpoint.clone())
        .accept(GOSSIP_ALPN, gossip.clone())
        .spawn();
    print_listening(&endpoint);

    let name = options.topic.clone().context("no topic")?;
    let peers = options.peers.iter().map(|peer| peer.id).collect();
    let topic = gossip
        .subscribe(TopicId::new(name).hash().into(), peers)
        .await?;
    let (sender, receiver) = topic.split();
    talk(Topic::Gossip(sender, receiver), router).await
}

pub async fn tracker(options: &Options) -> Result<()> {
    let key = secret_key(options)?;
    // Direct addresses are published too: there is no relay to be told instead.
    let lookup = DhtAddressLookup::builder().addr_filter(AddrFilter::unfiltered());
    let endpoint = endpoint_builder(options, key.clone())?
        .address_lookup(lookup)
        .bind()
        .await?;
    let gossip = Gossip::builder().spawn(endpoint.clone());
    let router = Router::builder(endpoint.clone())
        .accept(GOSSIP_ALPN, gossip.clone())
        .spawn();
    print_listening(&endpoint);

    let name = options.topic.clone().context("no topic")?;
    let publisher = RecordPublisher::builder(
        TopicId::new(name),
        SigningKey::from_bytes(&key.to_bytes()),
        options.secret()?,
    );
    let topic = gossip
        .subscribe_and_join_with_auto_discovery_no_wait(publisher.build())
        .await?;
    let (sender, receiver) = topic.split().await?;
    talk(Topic::Tracker(sender, receiver), router).await
}
