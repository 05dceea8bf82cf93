// SPDX-License-Identifier: MIT OR Apache-2.0
//! iroh's preset N0 with other servers than the public ones: a relay, and where the addresses of
//! endpoints are published and found. None of them is there unless it is named.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use iroh::{
    RelayConfig, RelayMode, RelayUrl,
    address_lookup::{DnsAddressLookup, PkarrPublisher, PkarrResolver},
    dns::DnsResolver,
    endpoint::{
        Builder, PortmapperConfig,
        presets::{Minimal, Preset},
    },
    tls::CaTlsConfig,
};
use rustls_pki_types::{CertificateDer, pem::PemObject};

#[derive(Clone, Default)]
pub struct Servers {
    pub relays: Vec<RelayUrl>,
    /// The endpoint has a UDP socket besides, and asks the relay how that is seen from outside.
    pub udp: bool,
    /// That the relay asks for.
    pub token: Option<String>,
    pub pkarr: Option<String>,
    pub name_server: Option<SocketAddr>,
    pub dns_origin: Option<String>,
    /// Authorities that are trusted, instead of the public ones.
    pub ca_file: Option<String>,
}

impl Servers {
    /// Takes an option of the command line if it is one of ours.
    pub fn parse(&mut self, word: &str, mut value: impl FnMut() -> Result<String>) -> Result<bool> {
        match word {
            "--relay" => self.relays.push(value()?.parse()?),
            "--udp" => self.udp = true,
            "--token" => self.token = Some(value()?),
            "--pkarr" => self.pkarr = Some(value()?),
            "--name-server" => self.name_server = Some(value()?.parse()?),
            "--dns-origin" => self.dns_origin = Some(value()?),
            "--ca-file" => self.ca_file = Some(value()?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Of a program that has no other options.
    #[allow(dead_code)]
    pub fn from_arguments() -> Result<Self> {
        let mut servers = Self::default();
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let value = || {
                words
                    .next()
                    .with_context(|| format!("{word} needs a value"))
            };
            ensure!(servers.parse(&word, value)?, "unknown option {word}");
        }
        Ok(servers)
    }

    fn apply_to(self, mut builder: Builder) -> Result<Builder> {
        builder = builder
            .relay_mode(RelayMode::Disabled)
            .portmapper_config(PortmapperConfig::Disabled);
        if let Some(path) = &self.ca_file {
            let roots: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path)?.collect();
            builder = builder.ca_tls_config(CaTlsConfig::custom_roots(roots?));
        }
        if !self.relays.is_empty() {
            let configs = self.relays.iter().cloned().map(|url| {
                let config = if self.udp {
                    RelayConfig::from(url)
                } else {
                    RelayConfig::new(url, None)
                };
                match &self.token {
                    Some(token) => config.with_auth_token(token.clone()),
                    None => config,
                }
            });
            builder = builder.relay_mode(RelayMode::Custom(configs.collect()));
        }
        if let Some(addr) = self.name_server {
            builder = builder.dns_resolver(DnsResolver::with_nameserver(addr));
        }
        if let Some(url) = &self.pkarr {
            builder = builder
                .address_lookup(PkarrPublisher::builder(url.parse().context("--pkarr")?))
                .address_lookup(PkarrResolver::builder(url.parse().context("--pkarr")?));
        }
        if let Some(origin) = self.dns_origin {
            builder = builder.address_lookup(DnsAddressLookup::builder(origin));
        }
        Ok(builder)
    }
}

impl Preset for Servers {
    fn apply(self, builder: Builder) -> Builder {
        self.apply_to(Minimal.apply(builder))
            .expect("the options name servers")
    }
}
