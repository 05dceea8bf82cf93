// SPDX-License-Identifier: MIT OR Apache-2.0
// A bare endpoint of iroh's JavaScript binding: commands and output are those of ../quic_peer.c,
// and "/bidi" to open a bidirectional stream, which the other side does not speak.
//
// usage: node quic.js --listen ADDR:PORT --alpn NAME
'use strict';
const readline = require('readline');
const iroh = require('@number0/iroh');

const LARGEST = 1 << 26;
const connections = new Map(); // by stable id: the connection, and how many streams were sent on it

const bytes = (text) => Array.from(Buffer.from(text, 'utf8'));
const print = (event) => console.log(JSON.stringify(event));
const pattern = (n, length) => Array.from({ length }, (_, i) => (n + i) % 251);
const firstLine = (error) => String(error.message).split('\n')[0];

async function readStream(stream) {
  const data = await stream.readToEnd(LARGEST);
  const n = data.length ? data[0] : 0;
  print({ event: 'stream', n, bytes: data.length, whole: data.every((b, i) => b === (n + i) % 251) });
}

async function serve(connection, dialed) {
  const id = connection.remoteId().toString();
  connections.set(connection.stableId(), { connection, sent: 0 });
  print({ event: 'connected', endpoint_id: id, dialed });
  (async () => {
    for (;;) {
      readStream(await connection.acceptUni()).catch(() => {}); // told by "closed"
    }
  })().catch(() => {});
  const reason = await connection.closed();
  connections.delete(connection.stableId());
  print({ event: 'closed', endpoint_id: id, reason, connected: true });
}

const failed = (error) => print({ event: 'closed', reason: firstLine(error), connected: false });

async function send(entry, count, length) {
  for (let i = 0; i < count; i++) {
    const stream = await entry.connection.openUni();
    await stream.writeAll(pattern(entry.sent++ % 251, length));
    await stream.finish();
  }
}

async function bidi(connection) {
  const stream = await connection.openBi();
  await stream.send.writeAll(bytes('nobody speaks this'));
  print({ event: 'bidi', stopped: await stream.send.stopped() });
}

function obey(line, endpoint, alpn) {
  const [verb, ...words] = line.split(' ');
  if (verb === '/dial') {
    const [id, addr] = words[0].split('@');
    const peer = new iroh.EndpointAddr(iroh.EndpointId.fromString(id), null, [addr]);
    endpoint.connect(peer, bytes(alpn)).then((c) => serve(c, true), failed);
    return;
  }
  for (const entry of connections.values()) {
    if (verb === '/send') {
      send(entry, Number(words[0]), Number(words[1])).catch(failed);
    } else if (verb === '/bidi') {
      bidi(entry.connection).catch(failed);
    } else if (verb === '/close') {
      entry.connection.close(7n, bytes('enough'));
    }
  }
}

async function accept(endpoint) {
  for (let incoming; (incoming = await endpoint.acceptNext()); ) {
    (async (i) => serve(await (await i.accept()).connect(), false))(incoming).catch(failed);
  }
}

async function main(words) {
  const option = (name) => words[words.indexOf(name) + 1];
  const alpn = option('--alpn');
  const builder = iroh.Endpoint.builder();
  iroh.presetMinimal(builder);
  builder.relayMode(iroh.RelayMode.disabled());
  builder.alpns([bytes(alpn)]);
  builder.bindAddr(option('--listen'));
  const endpoint = await builder.bind();
  print({ event: 'listening', endpoint_id: endpoint.id().toString(), addrs: endpoint.boundSockets() });
  accept(endpoint).catch(failed);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    obey(line, endpoint, alpn);
  }
  await endpoint.close();
  process.exit(0);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(firstLine(error));
  process.exit(1);
});
