// SPDX-License-Identifier: MIT OR Apache-2.0
//! Derive, seal and open as distributed-topic-tracker does.

use std::io::BufRead;

use anyhow::{Context, Result, bail};
use distributed_topic_tracker::{
    EncryptedRecord, GossipRecordContent, Record, RotationHandle, TopicId, encryption_keypair,
    salt, signing_keypair,
};
use mainline::{MutableItem, SigningKey};
use serde_json::{Value, json};

use crate::options::{bytes_at, hex_at, print};

/// What topic, minute and secret of a request name.
struct Slot {
    topic: TopicId,
    minute: u64,
    seal_key: SigningKey,
}

fn slot(request: &Value) -> Result<Slot> {
    let topic = match hex_at(request, "topic_hash")? {
        Some(hash) => TopicId::from_hash(&hash.as_slice().try_into()?),
        None => TopicId::new(hex_at(request, "topic")?.context("no topic")?),
    };
    let minute = request["minute"].as_u64().context("no minute")?;
    let secret = hex_at(request, "secret")?.context("no secret")?;
    // The hash of a secret is made as that of a topic's name.
    let secret_hash = TopicId::new(secret).hash();
    let rotation = RotationHandle::default();
    let seal_key = encryption_keypair(&topic, &rotation, secret_hash, minute);
    Ok(Slot {
        topic,
        minute,
        seal_key,
    })
}

fn derive(request: &Value) -> Result<Value> {
    let s = slot(request)?;
    let sign = signing_keypair(&s.topic, s.minute);
    let key = sign.verifying_key().to_bytes();
    let salt = salt(&s.topic, s.minute);
    Ok(json!({
        "topic_hash": hex::encode(s.topic.hash()),
        "signing_seed": hex::encode(sign.to_bytes()),
        "signing_key": hex::encode(key),
        "salt": hex::encode(salt),
        "target": hex::encode(MutableItem::target_from_key(&key, Some(&salt)).as_bytes()),
        "encryption_seed": hex::encode(s.seal_key.to_bytes()),
        "encryption_key": hex::encode(s.seal_key.verifying_key().to_bytes()),
    }))
}

/// Five values of 32 bytes, those that are missing zero.
fn five(request: &Value, name: &str) -> Result<[[u8; 32]; 5]> {
    let mut out = [[0; 32]; 5];
    for (to, from) in out
        .iter_mut()
        .zip(request[name].as_array().into_iter().flatten())
    {
        hex::decode_to_slice(from.as_str().context("no text")?, to)?;
    }
    Ok(out)
}

fn seal(request: &Value) -> Result<Value> {
    let s = slot(request)?;
    let content = GossipRecordContent {
        active_peers: five(request, "active_peers")?,
        last_message_hashes: five(request, "message_hashes")?,
    };
    let key = SigningKey::from_bytes(&bytes_at::<32>(request, "identity")?);
    let record = Record::sign(s.topic.hash(), s.minute, content, &key)?;
    Ok(json!({
        "publisher": hex::encode(record.pub_key()),
        "record": hex::encode(record.to_bytes()),
        "sealed": hex::encode(record.encrypt(&s.seal_key).to_bytes()?),
    }))
}

fn open(request: &Value) -> Result<Value> {
    let s = slot(request)?;
    let sealed = hex_at(request, "sealed")?.context("no sealed record")?;
    let record = EncryptedRecord::from_bytes(sealed)?.decrypt(&s.seal_key)?;
    record.verify(&s.topic.hash(), s.minute)?;
    let content: GossipRecordContent = record.content()?;
    let used = |values: &[[u8; 32]]| -> Vec<String> {
        values
            .iter()
            .filter(|v| **v != [0; 32])
            .map(hex::encode)
            .collect()
    };
    Ok(json!({
        "publisher": hex::encode(record.pub_key()),
        "minute": record.unix_minute(),
        "active_peers": used(&content.active_peers),
        "message_hashes": used(&content.last_message_hashes),
        "content_bytes": record.to_bytes().len() - 136,
    }))
}

pub fn serve() -> Result<()> {
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let reply = match request["do"].as_str() {
            Some("derive") => derive(&request),
            Some("seal") => seal(&request),
            Some("open") => open(&request),
            _ => bail!("not derive, seal or open: {request}"),
        };
        let mut reply = reply.unwrap_or_else(|error| json!({"error": format!("{error:#}")}));
        reply["event"] = json!("reply");
        print(&reply);
    }
    Ok(())
}
