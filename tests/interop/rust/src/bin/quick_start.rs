// SPDX-License-Identifier: MIT OR Apache-2.0
//! The quick start of the Rust crate's README when its line 0.1 was new, with its comments and its
//! output. What has changed: the interfaces, and the servers, which are named by options.

#[path = "../servers.rs"]
mod servers;

use anyhow::Result;
use iroh::{Endpoint, SecretKey};
use iroh_gossip::{api::Event, net::Gossip};
use mainline::SigningKey;
// Crate imports
use distributed_topic_tracker::{AutoDiscoveryGossip, Config, RecordPublisher, TopicId};

#[tokio::main]
async fn main() -> Result<()> {
    // Generate a fresh node key
    let secret_key = SecretKey::generate();
    let signing_key = SigningKey::from_bytes(&secret_key.to_bytes());
    // Endpoint with discovery enabled
    let endpoint = Endpoint::builder(servers::Servers::from_arguments()?)
        .secret_key(secret_key)
        .bind()
        .await?;
    // Gossip with auto-discovery
    let gossip = Gossip::builder().spawn(endpoint.clone());
    // Protocol router
    let _router = iroh::protocol::Router::builder(endpoint.clone())
        .accept(iroh_gossip::ALPN, gossip.clone())
        .spawn();
    // Topic and initial shared secret (pre-agreed out of band)
    let topic_id = TopicId::new("my-iroh-gossip-topic".to_string());
    let initial_secret = b"my-initial-secret".to_vec();
    let record_publisher = RecordPublisher::new(
        topic_id,
        signing_key,
        None,
        initial_secret,
        Config::default(),
    );
    // Join + subscribe
    let (sink, mut stream) = gossip
        .subscribe_and_join_with_auto_discovery(record_publisher)
        .await?
        .split()
        .await?;
    // Listener for incoming events
    tokio::spawn(async move {
        while let Ok(event) = stream.next().await {
            if let Event::Received(msg) = event {
                let from = &msg.delivered_from.to_string();
                let from_short = &from[0..8];
                let body = String::from_utf8(msg.content.to_vec()).unwrap();
                println!("\nMessage from {}: {}", from_short, body);
            } else if let Event::NeighborUp(peer) = event {
                let peer_short = &peer.to_string()[0..8];
                println!("\nJoined by {}", peer_short);
            }
        }
    });
    // Simple stdin loop
    let mut buffer = String::new();
    let stdin = std::io::stdin();
    loop {
        print!("\n> ");
        stdin.read_line(&mut buffer).unwrap();
        let msg = buffer.clone().replace('\n', "");
        sink.broadcast(msg.into()).await.unwrap();
        println!(" - (sent)");
        buffer.clear();
    }
}
