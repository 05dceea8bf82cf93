// SPDX-License-Identifier: MIT OR Apache-2.0
//! One state machine of iroh-gossip in one topic, told what comes in and asked what goes out. Time
//! is given. Peers are numbers; 0 is itself.

use std::{collections::BTreeMap, io::BufRead, time::Duration};

use anyhow::{Context, Result, bail};
use iroh::{PublicKey, SecretKey};
use iroh_gossip::proto::{
    Command, Config, Event, InEvent, OutEvent, PeerData, Scope, State, TopicId, state::Timer,
};
use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::options::{hex_at, print};

const PEERS: u8 = 12;
const TOPIC: [u8; 32] = [7; 32];

struct Machine {
    start: Instant,
    now: Duration,
    ids: Vec<PublicKey>,
    state: State<PublicKey, StdRng>,
    /// Ordered by time, then by number.
    due: BTreeMap<(Duration, usize), Timer<PublicKey>>,
    n_due: usize,
}

impl Machine {
    fn new() -> Self {
        let id = |i: u8| {
            let mut seed = [0; 32];
            seed[0] = i + 1;
            SecretKey::from_bytes(&seed).public()
        };
        let ids: Vec<PublicKey> = (0..PEERS).map(id).collect();
        let rng = StdRng::seed_from_u64(0);
        Self {
            start: Instant::now(),
            now: Duration::ZERO,
            state: State::new(ids[0], PeerData::default(), Config::default(), rng),
            ids,
            due: BTreeMap::new(),
            n_due: 0,
        }
    }

    fn number(&self, id: &PublicKey) -> Option<usize> {
        self.ids.iter().position(|known| known == id)
    }

    /// What an event leads to, added to `out`.
    fn step(&mut self, event: InEvent<PublicKey>, out: &mut Vec<Value>) -> Result<()> {
        let events: Vec<_> = self
            .state
            .handle(event, self.start + self.now, None)
            .collect();
        for event in events {
            match event {
                OutEvent::SendMessage(to, message) => {
                    let payload = postcard::to_allocvec(&message)?;
                    let payload = hex::encode(&payload[TOPIC.len()..]);
                    out.push(json!({"send": payload, "peer": self.number(&to)}));
                }
                OutEvent::ScheduleTimer(delay, timer) => {
                    self.n_due += 1;
                    self.due.insert((self.now + delay, self.n_due), timer);
                }
                OutEvent::DisconnectPeer(peer) => {
                    out.push(json!({"hang_up": true, "peer": self.number(&peer)}));
                }
                OutEvent::EmitEvent(_, Event::NeighborUp(peer)) => {
                    out.push(json!({"up": true, "peer": self.number(&peer)}));
                }
                OutEvent::EmitEvent(_, Event::NeighborDown(peer)) => {
                    out.push(json!({"down": true, "peer": self.number(&peer)}));
                }
                OutEvent::EmitEvent(_, Event::Received(message)) => {
                    let text = String::from_utf8_lossy(&message.content);
                    let from = self.number(&message.delivered_from);
                    out.push(json!({"received": text, "peer": from}));
                }
                OutEvent::PeerData(..) => {}
            }
        }
        Ok(())
    }

    fn wait(&mut self, time: Duration, out: &mut Vec<Value>) -> Result<()> {
        let end = self.now + time;
        while let Some(entry) = self.due.first_entry() {
            if entry.key().0 > end {
                break;
            }
            let ((now, _), timer) = entry.remove_entry();
            self.now = now;
            self.step(InEvent::TimerExpired(timer), out)?;
        }
        self.now = end;
        Ok(())
    }

    fn obey(&mut self, request: &Value) -> Result<Value> {
        let topic = TopicId::from(TOPIC);
        let peer = || {
            let number = request["peer"].as_u64().context("no peer")?;
            self.ids
                .get(number as usize)
                .copied()
                .context("no such peer")
        };
        let text = request["text"].as_str().unwrap_or_default().to_owned();
        let mut out = Vec::new();
        let event = match request["do"].as_str() {
            Some("ids") => {
                let ids: Vec<_> = self.ids.iter().map(PublicKey::to_string).collect();
                return Ok(json!({"ids": ids}));
            }
            Some("message id") => {
                let id = blake3::hash(text.as_bytes());
                return Ok(json!({"id": id.to_hex().to_string()}));
            }
            Some("join") => InEvent::Command(topic, Command::Join(vec![peer()?])),
            Some("quit") => InEvent::Command(topic, Command::Quit),
            Some("say") => InEvent::Command(topic, Command::Broadcast(text.into(), Scope::Swarm)),
            Some("say near") => {
                InEvent::Command(topic, Command::Broadcast(text.into(), Scope::Neighbors))
            }
            Some("gone") => InEvent::PeerDisconnected(peer()?),
            Some("recv") => {
                let mut bytes = TOPIC.to_vec();
                bytes.extend(hex_at(request, "payload")?.context("no payload")?);
                InEvent::RecvMessage(peer()?, postcard::from_bytes(&bytes)?)
            }
            Some("wait") => {
                let time = request["ms"].as_u64().context("no ms")?;
                self.wait(Duration::from_millis(time), &mut out)?;
                return Ok(json!({"then": out}));
            }
            _ => bail!("unknown request {request}"),
        };
        self.step(event, &mut out)?;
        Ok(json!({"then": out}))
    }
}

pub fn serve() -> Result<()> {
    let mut machine = Machine::new();
    for line in std::io::stdin().lock().lines() {
        let reply = machine.obey(&serde_json::from_str(&line?)?);
        let mut reply = reply.unwrap_or_else(|error| json!({"error": format!("{error:#}")}));
        reply["event"] = json!("reply");
        print(&reply);
    }
    Ok(())
}
