// SPDX-License-Identifier: MIT OR Apache-2.0
//! Members of a swarm: iroh-gossip with given peers, and distributed-topic-tracker with a topic
//! and a secret alone. Port mappers are off, and servers are those that are named; where there is a
//! relay among them there is nothing else, unless UDP is asked for. A line of input is a message to the
//! topic named on the command line, or a command as ../../peer.c takes them.

use std::collections::HashMap;

use anyhow::{Context, Result, anyhow, bail};
use distributed_topic_tracker::{
    AutoDiscoveryGossip, RecordPublisher, RotationHandle, SecretRotation, TopicId,
};
use futures_lite::StreamExt;
use iroh::{
    Endpoint, EndpointAddr, SecretKey,
    address_lookup::{AddrFilter, AddressLookup, EndpointData, memory::MemoryLookup},
    protocol::Router,
};
use iroh_gossip::{
    api::Event,
    net::{GOSSIP_ALPN, Gossip},
};
use iroh_mainline_address_lookup::DhtAddressLookup;
use iroh_mdns_address_lookup::MdnsAddressLookup;
use mainline::SigningKey;
use serde_json::{Value, json};
use tokio::{
    io::AsyncBufReadExt,
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    task::JoinHandle,
};

use crate::options::{Options, parse_peer, print};

fn endpoint_builder(options: &Options, key: SecretKey) -> Result<iroh::endpoint::Builder> {
    let mut builder = Endpoint::builder(options.servers.clone()).secret_key(key);
    if !options.servers.relays.is_empty() {
        if !options.servers.udp {
            builder = builder.clear_ip_transports();
        }
    } else if let Some(listen) = options.listen {
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

async fn bind(builder: iroh::endpoint::Builder, options: &Options) -> Result<Endpoint> {
    let endpoint = builder.bind().await?;
    if !options.servers.relays.is_empty() {
        endpoint.online().await;
    }
    Ok(endpoint)
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

/// A rotation as good as any other, the same in ../../peer.c.
struct Rotation;

impl SecretRotation for Rotation {
    fn derive(&self, topic: [u8; 32], minute: u64, secret: [u8; 32]) -> [u8; 32] {
        let minute = minute.to_le_bytes();
        std::array::from_fn(|i| topic[i] ^ secret[31 - i] ^ minute[i % 8])
    }
}

/// Publishes where this peer is and looks nobody up.
#[derive(Debug)]
struct PublishOnly(DhtAddressLookup);

impl AddressLookup for PublishOnly {
    fn publish(&self, data: &EndpointData) {
        self.0.publish(data);
    }
}

/// How the other members of a topic are found.
enum Way {
    /// By iroh-gossip alone: they are named, and their addresses are put here.
    Told(MemoryLookup),
    /// By distributed-topic-tracker: with the topic and the secret alone.
    Found {
        key: SecretKey,
        secret: Vec<u8>,
        rotation: RotationHandle,
    },
}

enum Sender {
    Gossip(iroh_gossip::api::GossipSender),
    Tracker(distributed_topic_tracker::GossipSender),
}

impl Sender {
    async fn say(&self, text: &str, near: bool) -> Result<()> {
        let text = text.as_bytes().to_vec();
        match (self, near) {
            (Self::Gossip(sender), false) => Ok(sender.broadcast(text.into()).await?),
            (Self::Gossip(sender), true) => Ok(sender.broadcast_neighbors(text.into()).await?),
            (Self::Tracker(sender), false) => sender.broadcast(text).await,
            (Self::Tracker(sender), true) => sender.broadcast_neighbors(text).await,
        }
    }
}

/// A topic that this peer is in. It is left when this is dropped.
struct Room {
    sender: Sender,
    reader: JoinHandle<()>,
    is_joined: bool,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// What a reader of a topic has to tell: an event, or why there are no more.
type News = (String, Result<Event>);

struct Peer {
    gossip: Gossip,
    way: Way,
    /// Of the only topic there is then.
    topic_hash: Option<[u8; 32]>,
    rooms: HashMap<String, Room>,
    news: mpsc::UnboundedSender<News>,
}

impl Peer {
    async fn join(&mut self, name: &str, peers: Vec<EndpointAddr>) -> Result<()> {
        let topic = match &self.topic_hash {
            Some(hash) => TopicId::from_hash(hash),
            None => TopicId::new(name),
        };
        let news = self.news.clone();
        let owned = name.to_owned();
        let (sender, reader) = match &self.way {
            Way::Told(known) => {
                let ids = peers.iter().map(|peer| peer.id).collect();
                for peer in peers.into_iter().filter(|peer| !peer.is_empty()) {
                    known.add_endpoint_info(peer);
                }
                let topic = self.gossip.subscribe(topic.hash().into(), ids).await?;
                let (sender, mut receiver) = topic.split();
                let reader = tokio::spawn(async move {
                    while let Some(event) = receiver.next().await {
                        let _ = news.send((owned.clone(), event.map_err(Into::into)));
                    }
                });
                (Sender::Gossip(sender), reader)
            }
            Way::Found {
                key,
                secret,
                rotation,
            } => {
                let key = SigningKey::from_bytes(&key.to_bytes());
                let publisher = RecordPublisher::builder(topic, key, secret.clone())
                    .secret_rotation(rotation.clone());
                let topic = self
                    .gossip
                    .subscribe_and_join_with_auto_discovery_no_wait(publisher.build())
                    .await?;
                let (sender, mut receiver) = topic.split().await?;
                let reader = tokio::spawn(async move {
                    loop {
                        let event = receiver.next().await.map_err(|e| anyhow!("{e:?}"));
                        let is_over = event.is_err();
                        let _ = news.send((owned.clone(), event));
                        if is_over {
                            break;
                        }
                    }
                });
                (Sender::Tracker(sender), reader)
            }
        };
        let room = Room {
            sender,
            reader,
            is_joined: false,
        };
        self.rooms.insert(name.to_owned(), room);
        Ok(())
    }

    /// A message, or a command: "/join TOPIC [PEER...]", "/leave TOPIC", "/in TOPIC TEXT",
    /// "/near TOPIC TEXT".
    async fn obey(&mut self, line: &str, first: &str) -> Result<()> {
        let mut words = line.splitn(3, ' ');
        let (verb, name, rest) = match words.next() {
            Some(verb @ ("/join" | "/leave" | "/in" | "/near")) => (
                verb,
                words.next().context("no topic")?,
                words.next().unwrap_or_default(),
            ),
            _ => ("/in", first, line),
        };
        match verb {
            "/join" => {
                let peers: Result<_> = rest.split_whitespace().map(parse_peer).collect();
                self.join(name, peers?).await?;
            }
            "/leave" => {
                self.rooms.remove(name);
                print(&json!({"event": "left", "topic": name}));
            }
            _ => {
                let room = self.rooms.get(name).context("not in that topic")?;
                room.sender.say(rest, verb == "/near").await?;
            }
        }
        Ok(())
    }

    fn tell(&mut self, name: &str, event: &Event) {
        let Some(room) = self.rooms.get_mut(name) else {
            return; // left a moment ago
        };
        if !room.is_joined && matches!(event, Event::NeighborUp(_)) {
            room.is_joined = true;
            print(&json!({"event": "joined", "topic": name}));
        }
        let mut event = render(event);
        event["topic"] = json!(name);
        print(&event);
    }
}

/// Talks until the input ends or a signal comes; then leaves in order and ends the process.
async fn talk(options: &Options, router: Router, gossip: Gossip, way: Way) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut lines = tokio::io::BufReader::new(tokio::io::stdin()).lines();
    let (news, mut heard) = mpsc::unbounded_channel();
    let mut peer = Peer {
        gossip,
        way,
        topic_hash: options.topic_hash,
        rooms: HashMap::new(),
        news,
    };
    let first = options.topic.clone().unwrap_or_default();
    if options.topic.is_some() {
        peer.join(&first, options.peers.clone()).await?;
    }
    loop {
        tokio::select! {
            Some((name, event)) = heard.recv() => match event {
                Ok(event) => peer.tell(&name, &event),
                Err(error) if peer.rooms.contains_key(&name) => bail!("{name}: {error:#}"),
                Err(_) => {}
            },
            line = lines.next_line() => match line? {
                Some(line) => peer.obey(&line, &first).await?,
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

fn spawn(endpoint: &Endpoint) -> (Gossip, Router) {
    let gossip = Gossip::builder().spawn(endpoint.clone());
    let router = Router::builder(endpoint.clone())
        .accept(GOSSIP_ALPN, gossip.clone())
        .spawn();
    print_listening(endpoint);
    (gossip, router)
}

pub async fn gossip(options: &Options) -> Result<()> {
    let known = MemoryLookup::new();
    let mut builder =
        endpoint_builder(options, secret_key(options)?)?.address_lookup(known.clone());
    if options.lan {
        builder = builder.address_lookup(MdnsAddressLookup::builder());
    }
    let endpoint = bind(builder, options).await?;
    let (gossip, router) = spawn(&endpoint);
    talk(options, router, gossip, Way::Told(known)).await
}

pub async fn tracker(options: &Options) -> Result<()> {
    let key = secret_key(options)?;
    // Direct addresses are published too: there is no relay to be told instead.
    let lookup = DhtAddressLookup::builder()
        .addr_filter(AddrFilter::unfiltered())
        .secret_key(key.clone());
    let builder = endpoint_builder(options, key.clone())?;
    let builder = if options.no_publish {
        builder.address_lookup(lookup.no_publish())
    } else if options.no_resolve {
        builder.address_lookup(PublishOnly(lookup.build()?))
    } else {
        builder.address_lookup(lookup)
    };
    let endpoint = bind(builder, options).await?;
    let (gossip, router) = spawn(&endpoint);
    let rotation = if options.rotation {
        RotationHandle::new(Rotation)
    } else {
        RotationHandle::default()
    };
    let secret = options.secret()?;
    let way = Way::Found {
        key,
        secret,
        rotation,
    };
    talk(options, router, gossip, way).await
}
