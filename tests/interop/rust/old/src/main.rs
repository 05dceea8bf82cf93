// SPDX-License-Identifier: MIT OR Apache-2.0
//! Records and slots as distributed-topic-tracker 0.2.8 has them. Answers one JSON request a line
//! with one JSON reply a line. Its DHT client knows the public bootstrap names only.

use std::{
    io::BufRead,
    panic::{AssertUnwindSafe, catch_unwind},
    str::FromStr,
};

use anyhow::{Context, Result, bail};
use distributed_topic_tracker::{
    EncryptedRecord, Record, RecordPublisher, RecordTopic, encryption_keypair, salt,
    signing_keypair,
};
use ed25519_dalek::SigningKey;
use mainline::MutableItem;
use serde_json::{Value, json};

/// Active peers and message hashes: what the crate's gossip publishes.
type Content = ([[u8; 32]; 5], [[u8; 32]; 5]);

fn text<'a>(request: &'a Value, name: &str) -> Result<&'a str> {
    request[name].as_str().with_context(|| format!("no {name}"))
}

fn bytes<const N: usize>(request: &Value, name: &str) -> Result<[u8; N]> {
    let mut out = [0; N];
    hex::decode_to_slice(text(request, name)?, &mut out)?;
    Ok(out)
}

/// Five values of 32 bytes, those that are missing zero.
fn five(request: &Value, name: &str) -> Result<[[u8; 32]; 5]> {
    let mut out = [[0; 32]; 5];
    let given = request[name].as_array().into_iter().flatten();
    for (to, from) in out.iter_mut().zip(given) {
        hex::decode_to_slice(from.as_str().context("no text")?, to)?;
    }
    Ok(out)
}

fn topic(request: &Value) -> Result<RecordTopic> {
    let name = hex::decode(text(request, "topic")?)?;
    RecordTopic::from_str(std::str::from_utf8(&name)?)
}

fn minute(request: &Value) -> Result<u64> {
    request["minute"].as_u64().context("no minute")
}

fn publisher(request: &Value) -> Result<RecordPublisher> {
    // Who only reads needs a key too: records of one's own are not read.
    let key = match request.get("identity") {
        Some(_) => SigningKey::from_bytes(&bytes(request, "identity")?),
        None => SigningKey::from_bytes(&[7; 32]),
    };
    let secret = hex::decode(text(request, "secret")?)?;
    Ok(RecordPublisher::new(
        topic(request)?,
        key.verifying_key(),
        key,
        None,
        secret,
    ))
}

fn seal_key(request: &Value) -> Result<SigningKey> {
    let secret_hash = publisher(request)?.initial_secret_hash();
    let rotation = Default::default();
    Ok(encryption_keypair(
        topic(request)?,
        &rotation,
        secret_hash,
        minute(request)?,
    ))
}

fn derive(request: &Value) -> Result<Value> {
    let (topic, minute) = (topic(request)?, minute(request)?);
    let sign = signing_keypair(topic, minute);
    let key = sign.verifying_key().to_bytes();
    let salt = salt(topic, minute);
    let seal = seal_key(request)?;
    Ok(json!({
        "topic_hash": hex::encode(topic.hash()),
        "signing_seed": hex::encode(sign.to_bytes()),
        "signing_key": hex::encode(key),
        "salt": hex::encode(salt),
        "target": hex::encode(MutableItem::target_from_key(&key, Some(&salt)).as_bytes()),
        "encryption_seed": hex::encode(seal.to_bytes()),
        "encryption_key": hex::encode(seal.verifying_key().to_bytes()),
    }))
}

fn record(request: &Value) -> Result<Record> {
    let content: Content = (
        five(request, "active_peers")?,
        five(request, "message_hashes")?,
    );
    publisher(request)?.new_record(minute(request)?, content)
}

fn seal(request: &Value) -> Result<Value> {
    let record = record(request)?;
    let sealed = record.encrypt(&seal_key(request)?);
    Ok(json!({
        "publisher": hex::encode(record.node_id()),
        "record": hex::encode(record.to_bytes()),
        "sealed": hex::encode(sealed.to_bytes()),
    }))
}

fn render(record: &Record) -> Result<Value> {
    let (peers, hashes): Content = record.content()?;
    let used = |values: &[[u8; 32]]| -> Vec<String> {
        let used = values.iter().filter(|value| **value != [0; 32]);
        used.map(hex::encode).collect()
    };
    Ok(json!({
        "publisher": hex::encode(record.node_id()),
        "minute": record.unix_minute(),
        "active_peers": used(&peers),
        "message_hashes": used(&hashes),
    }))
}

fn open(request: &Value) -> Result<Value> {
    let sealed = hex::decode(text(request, "sealed")?)?;
    let record = EncryptedRecord::from_bytes(sealed)?.decrypt(&seal_key(request)?)?;
    record.verify(&topic(request)?.hash(), minute(request)?)?;
    render(&record)
}

async fn answer(request: &Value) -> Result<Value> {
    match text(request, "do")? {
        "derive" => derive(request),
        "seal" => seal(request),
        // Its reader panics where the length in front of a record is wrong.
        "open" => catch_unwind(AssertUnwindSafe(|| open(request)))
            .unwrap_or_else(|_| bail!("it panicked")),
        "publish" => {
            publisher(request)?.publish_record(record(request)?).await?;
            Ok(json!({}))
        }
        "read" => {
            let records = publisher(request)?.get_records(minute(request)?).await;
            let records: Result<Vec<Value>> = records.iter().map(render).collect();
            Ok(json!({"records": records?}))
        }
        other => bail!("unknown request {other}"),
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    for line in std::io::stdin().lock().lines() {
        let reply = answer(&serde_json::from_str(&line?)?).await;
        let mut reply = reply.unwrap_or_else(|error| json!({"error": format!("{error:#}")}));
        reply["event"] = json!("reply");
        println!("{reply}");
    }
    Ok(())
}
