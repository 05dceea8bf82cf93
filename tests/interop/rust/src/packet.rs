// SPDX-License-Identifier: MIT OR Apache-2.0
//! Address packets as iroh makes them: what its mainline address lookup keeps in the DHT.

use std::{io::BufRead, net::SocketAddr};

use anyhow::{Context, Result};
use iroh::{
    RelayUrl, SecretKey,
    endpoint_info::{EndpointInfo, UserData},
};
use serde_json::{Value, json};

use crate::options::{bytes_at, print};

/// Key, signature and time in front of the DNS packet.
const HEAD: usize = 32 + 64 + 8;

fn write(request: &Value) -> Result<Value> {
    let key = SecretKey::from_bytes(&bytes_at::<32>(request, "identity")?);
    let addrs: Vec<SocketAddr> = serde_json::from_value(request["addrs"].clone())?;
    let mut info = EndpointInfo::new(key.public()).with_ip_addrs(addrs);
    if let Some(url) = request["relay"].as_str() {
        info = info.with_relay_url(url.parse::<RelayUrl>()?);
    }
    if let Some(text) = request["user_data"].as_str() {
        info = info.with_user_data(Some(text.parse::<UserData>().context("user data")?));
    }
    let packet = info.to_pkarr_signed_packet(&key, 30)?;
    let addrs: Vec<String> = info.ip_addrs().map(|addr| addr.to_string()).collect();
    Ok(json!({
        "id": key.public().to_string(),
        "addrs": addrs,
        "packet": hex::encode(&packet.as_bytes()[HEAD..]),
    }))
}

pub fn serve() -> Result<()> {
    for line in std::io::stdin().lock().lines() {
        let reply = write(&serde_json::from_str(&line?)?);
        let mut reply = reply.unwrap_or_else(|error| json!({"error": format!("{error:#}")}));
        reply["event"] = json!("reply");
        print(&reply);
    }
    Ok(())
}
