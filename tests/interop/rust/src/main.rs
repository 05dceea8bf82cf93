// SPDX-License-Identifier: MIT OR Apache-2.0
//! Peers for the interop suite, made of the published crates. `gossip` and `tracker` behave like
//! `dtt pipe --json`: lines in are broadcast, events out are JSON. `quic` is a bare endpoint.
//! `record`, `publisher` and `dht` answer one JSON request a line with one JSON reply a line.

mod dht;
mod frames;
mod machine;
mod options;
mod packet;
mod publisher;
mod quic;
mod record;
mod servers;
mod swarm;

use anyhow::{Result, bail};

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("RUST_LOG"))
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let mut words = std::env::args().skip(1);
    let verb = words.next().unwrap_or_default();
    let options = options::Options::parse(words)?;
    match verb.as_str() {
        "frames" => frames::print_frames(),
        "machine" => machine::serve(),
        "packet" => packet::serve(),
        "record" => record::serve(),
        "publisher" => publisher::serve(&options).await,
        "dht" => dht::serve(&options).await,
        "quic" => quic::run(&options).await,
        "gossip" => swarm::gossip(&options).await,
        "tracker" => swarm::tracker(&options).await,
        _ => bail!(
            "usage: dtt-interop frames|machine|packet|record|publisher|dht|quic|gossip|tracker [TOPIC] [OPTIONS]"
        ),
    }
}
