// SPDX-License-Identifier: MIT OR Apache-2.0
//! What iroh-gossip's state machines say to each other, as the bytes that go over the wire: some
//! members join one after the other, talk, and leave. Time and chance are given, so each run says
//! the same.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use distributed_topic_tracker::TopicId;
use iroh::{PublicKey, SecretKey};
use iroh_gossip::proto::{
    Command, Config, InEvent, OutEvent, PeerData, Scope, State, state::Timer,
};
use rand::{SeedableRng, rngs::StdRng};
use serde_json::json;
use tokio::time::Instant;

use crate::options::print;

const MEMBERS: u8 = 9;
const LATENCY: Duration = Duration::from_millis(20);
/// Bytes of the topic id in front of a message, which its stream's header carries instead.
const TOPIC_BYTES: usize = 32;

struct World {
    start: Instant,
    now: Duration,
    members: BTreeMap<PublicKey, State<PublicKey, StdRng>>,
    /// Ordered by time, then by number.
    due: BTreeMap<(Duration, usize), (PublicKey, InEvent<PublicKey>)>,
    n_due: usize,
}

impl World {
    fn at(&mut self, delay: Duration, id: PublicKey, event: InEvent<PublicKey>) {
        self.n_due += 1;
        self.due.insert((self.now + delay, self.n_due), (id, event));
    }

    fn step(&mut self, id: PublicKey, event: InEvent<PublicKey>) -> Result<()> {
        let Some(member) = self.members.get_mut(&id) else {
            return Ok(());
        };
        let out: Vec<_> = member.handle(event, self.start + self.now, None).collect();
        for event in out {
            match event {
                OutEvent::SendMessage(to, message) => {
                    let payload = postcard::to_allocvec(&message)?;
                    print(&json!({"payload": hex::encode(&payload[TOPIC_BYTES..])}));
                    self.at(LATENCY, to, InEvent::RecvMessage(id, message));
                }
                OutEvent::ScheduleTimer(delay, timer) => self.arm(delay, id, timer),
                _ => {}
            }
        }
        Ok(())
    }

    fn arm(&mut self, delay: Duration, id: PublicKey, timer: Timer<PublicKey>) {
        self.at(delay, id, InEvent::TimerExpired(timer));
    }

    fn run_until(&mut self, end: Duration) -> Result<()> {
        while let Some(entry) = self.due.first_entry() {
            if entry.key().0 > end {
                break;
            }
            let ((now, _), (id, event)) = entry.remove_entry();
            self.now = now;
            self.step(id, event)?;
        }
        self.now = end;
        Ok(())
    }
}

pub fn print_frames() -> Result<()> {
    let topic = TopicId::new("frames").hash().into();
    let ids: Vec<PublicKey> = (1..=MEMBERS)
        .map(|i| SecretKey::from_bytes(&[i; 32]).public())
        .collect();
    let mut world = World {
        start: Instant::now(),
        now: Duration::ZERO,
        members: BTreeMap::new(),
        due: BTreeMap::new(),
        n_due: 0,
    };
    for (i, id) in ids.iter().enumerate() {
        let rng = StdRng::seed_from_u64(i as u64);
        // An address book entry: no relay, 192.0.2.i:1000.
        let data = PeerData::new(vec![0, 1, 0, 192, 0, 2, i as u8, 0xe8, 0x07]);
        world
            .members
            .insert(*id, State::new(*id, data, Config::default(), rng));
        let first = if i == 0 { vec![] } else { vec![ids[i - 1]] };
        world.step(*id, InEvent::Command(topic, Command::Join(first)))?;
        world.run_until(Duration::from_millis(300 * (i as u64 + 1)))?;
    }
    for (i, id) in ids.iter().enumerate() {
        let text = format!("message {i}").into_bytes();
        let scope = if i == 4 {
            Scope::Neighbors
        } else {
            Scope::Swarm
        };
        world.step(
            *id,
            InEvent::Command(topic, Command::Broadcast(text.into(), scope)),
        )?;
    }
    // Past the first shuffle, which comes after a minute.
    world.run_until(Duration::from_secs(65))?;
    for id in &ids[..3] {
        world.step(*id, InEvent::Command(topic, Command::Quit))?;
    }
    world.run_until(Duration::from_secs(67))
}
