// SPDX-License-Identifier: MIT OR Apache-2.0
// Nodes of npm's bittorrent-dht, told what to do by a JSON object a line; answers likewise, in order.
//
// usage: node dht_nodes.mjs COUNT HOST [BOOTSTRAP...]        NODE_PATH: where the package is
//
// {"do":"put","node":N,"seed":HEX,"salt":TEXT,"seq":N,"cas":N,"v":TEXT}    without seed: immutable
// {"do":"get","node":N,"target":HEX,"salt":TEXT}
// {"do":"announce","node":N,"infohash":HEX,"port":N}    {"do":"peers","node":N,"infohash":HEX}
import crypto from 'node:crypto'
import path from 'node:path'
import readline from 'node:readline'
import { pathToFileURL } from 'node:url'

const home = path.join(process.env.NODE_PATH, 'bittorrent-dht', 'index.js')
const { default: DHT } = await import(pathToFileURL(home)) // import knows nothing of NODE_PATH

const [count, host, ...bootstrap] = process.argv.slice(2)

// Ed25519 keys in and out of the DER that node:crypto wants (RFC 8410).
const PUBLIC_DER = Buffer.from('302a300506032b6570032100', 'hex')
const SECRET_DER = Buffer.from('302e020100300506032b657004220420', 'hex')

// It is called with whatever a put carried, and what it throws would end the process.
function verify (signature, message, publicKey) {
  try {
    const key = crypto.createPublicKey({
      key: Buffer.concat([PUBLIC_DER, publicKey]), format: 'der', type: 'spki'
    })
    return crypto.verify(null, message, key, signature)
  } catch {
    return false
  }
}

function keysOf (seed) {
  const secret = crypto.createPrivateKey({
    key: Buffer.concat([SECRET_DER, seed]), format: 'der', type: 'pkcs8'
  })
  const der = crypto.createPublicKey(secret).export({ format: 'der', type: 'spki' })
  return { k: der.subarray(PUBLIC_DER.length), sign: text => crypto.sign(null, text, secret) }
}

const say = object => console.log(JSON.stringify(object))

function put (dht, request, done) {
  const item = { v: Buffer.from(request.v) }
  if (request.seed) {
    Object.assign(item, keysOf(Buffer.from(request.seed, 'hex')), { seq: request.seq })
    if (request.salt) item.salt = Buffer.from(request.salt)
    if (request.cas !== undefined) item.cas = request.cas
  }
  dht.put(item, (error, target, stored) =>
    done({ error: error && error.message, target: target && target.toString('hex'), stored }))
}

function get (dht, request, done) {
  const salt = request.salt ? Buffer.from(request.salt) : undefined
  // Without cache: what others hold, not what this node has put.
  dht.get(Buffer.from(request.target, 'hex'), { salt, cache: false }, (error, item) =>
    done({
      error: error && error.message,
      value: item ? item.v.toString() : null,
      seq: item ? item.seq : null
    }))
}

function peers (dht, request, done) {
  const found = new Set()
  const take = (peer, infohash) => {
    if (infohash.toString('hex') === request.infohash) found.add(`${peer.host}:${peer.port}`)
  }
  dht.on('peer', take)
  dht.lookup(request.infohash, error => {
    dht.removeListener('peer', take)
    done({ error: error && error.message, peers: [...found] })
  })
}

const verbs = {
  put,
  get,
  peers,
  announce: (dht, request, done) =>
    dht.announce(request.infohash, request.port, error =>
      done({ error: error && error.message }))
}

const nodes = []
for (let i = 0; i < Number(count); i++) {
  const first = bootstrap.length > 0 ? bootstrap : false // nobody outside
  const contacts = i === 0 ? first : [`${host}:${nodes[0].address().port}`]
  const dht = new DHT({ bootstrap: contacts, verify, host })
  dht.on('warning', () => {}) // a query that was not answered
  dht.listen(0, host)
  await new Promise(resolve => dht.once('ready', resolve))
  nodes.push(dht)
}
say({ event: 'ready', addrs: nodes.map(dht => `${host}:${dht.address().port}`) })

for await (const line of readline.createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  const reply = await new Promise(resolve => {
    try {
      verbs[request.do](nodes[request.node ?? 0], request, resolve)
    } catch (error) {
      resolve({ error: error.message })
    }
  })
  say({ event: 'reply', ...reply })
}
process.exit(0)
