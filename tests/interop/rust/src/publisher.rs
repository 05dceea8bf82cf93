// SPDX-License-Identifier: MIT OR Apache-2.0
//! Text of an application's own in the records of a topic, without gossip: one JSON request a line,
//! one JSON reply a line. The crate's DHT client knows the public bootstrap names only.

use anyhow::{Context, Result, bail};
use distributed_topic_tracker::{Record, RecordPublisher, TopicId};
use mainline::SigningKey;
use serde_json::{Value, json};
use tokio::io::AsyncBufReadExt;
use tokio_util::sync::CancellationToken;

use crate::options::{Options, print};

fn render(record: &Record) -> Result<Value> {
    Ok(json!({
        "publisher": hex::encode(record.pub_key()),
        "text": record.content::<String>()?,
    }))
}

async fn answer(publisher: &RecordPublisher, request: &Value) -> Result<Value> {
    let minute = request["minute"].as_u64().context("no minute")?;
    let never = CancellationToken::new();
    match request["do"].as_str() {
        Some("publish") => {
            let text = request["text"].as_str().context("no text")?;
            let record = publisher.new_record(minute, text.to_owned())?;
            publisher.publish_record(record, never).await?;
            Ok(json!({"publisher": hex::encode(publisher.pub_key())}))
        }
        Some("read") => {
            let records = publisher.get_records(minute, never).await?;
            let records: Result<Vec<_>> = records.iter().map(render).collect();
            Ok(json!({"records": records?}))
        }
        _ => bail!("not publish or read: {request}"),
    }
}

pub async fn serve(options: &Options) -> Result<()> {
    let topic = TopicId::new(options.topic.clone().context("no topic")?);
    let key = SigningKey::from_bytes(&rand::random());
    let publisher = RecordPublisher::builder(topic, key, options.secret()?).build();
    let mut lines = tokio::io::BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let reply = answer(&publisher, &serde_json::from_str(&line)?).await;
        let mut reply = reply.unwrap_or_else(|error| json!({"error": format!("{error:#}")}));
        reply["event"] = json!("reply");
        print(&reply);
    }
    Ok(())
}
