# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the pages take from elsewhere: Ed25519, X25519, HKDF, ChaCha20-Poly1305, HPKE, BLAKE3.

Slow, not constant in time, and short: to be read, never to be used for secrets.
"""
import hashlib
import hmac


def le(data):
    return int.from_bytes(data, "little")


def cut(data):
    return hashlib.sha512(data).digest()[:32]


# ---- Ed25519 (RFC 8032, section 5.1): points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
NEUTRAL = (0, 1, 1, 0)


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * p[3] * q[3] * D, 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, point):
    result = NEUTRAL
    for bit in bin(n)[2:]:
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def encode(point):
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode(data):
    """The point, or None where there is none. A y of P and more is taken modulo P."""
    y = (le(data) & (1 << 255) - 1) % P
    xx = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - xx) % P:
        return None
    x = P - x if x & 1 != data[31] >> 7 else x
    return x % P, y, 1, x * y % P


BASE = decode(bytes([0x58] + [0x66] * 31))


def expand(seed):
    h = hashlib.sha512(seed).digest()
    return le(h[:32]) & (1 << 254) - 8 | 1 << 254, h[32:]


def public_key(seed):
    return encode(times(expand(seed)[0], BASE))


def challenge(r, key, message):
    return le(hashlib.sha512(r + key + message).digest()) % L


def sign(seed, message):
    a, prefix = expand(seed)
    r = le(hashlib.sha512(prefix + message).digest()) % L
    big_r = encode(times(r, BASE))
    s = (r + challenge(big_r, encode(times(a, BASE)), message) * a) % L
    return big_r + s.to_bytes(32, "little")


def is_small(point):
    return encode(times(8, point)) == encode(NEUTRAL)


def verify_strict(key, message, signature):
    """No small orders, no cofactor: records.md, step 8."""
    a, r, s = decode(key), decode(signature[:32]), le(signature[32:])
    if a is None or r is None or is_small(a) or is_small(r) or s >= L:
        return False
    minus_a = (P - a[0], a[1], 1, P - a[3])
    computed = add(times(s, BASE), times(challenge(signature[:32], key, message), minus_a))
    return encode(computed) == signature[:32]


# ---- X25519 (RFC 7748, section 5)


def x25519(scalar, u):
    k = le(scalar) & (1 << 254) - 8 | 1 << 254
    u = le(u) & (1 << 255) - 1
    x2, z2, x3, z3 = 1, 0, u, 1
    for i in reversed(range(255)):
        bit = k >> i & 1
        if bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
        plus, minus = x2 + z2, x2 - z2
        cross_a, cross_b = (x3 - z3) * plus, (x3 + z3) * minus
        x3, z3 = (cross_a + cross_b) ** 2 % P, u * (cross_a - cross_b) ** 2 % P
        aa, bb = plus * plus, minus * minus
        x2, z2 = aa * bb % P, (aa - bb) * (aa + 121665 * (aa - bb)) % P
        if bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def x25519_public(private):
    return x25519(private, (9).to_bytes(32, "little"))


# ---- HKDF (RFC 5869)


def hkdf_extract(salt, ikm):
    return hmac.digest(salt, ikm, "sha256")


def hkdf_expand(prk, info, length):
    out = block = b""
    while len(out) < length:
        block = hmac.digest(prk, block + info + bytes([len(out) // 32 + 1]), "sha256")
        out += block
    return out[:length]


def hkdf(salt, ikm, info, length):
    return hkdf_expand(hkdf_extract(salt, ikm), info, length)


# ---- ChaCha20-Poly1305 (RFC 8439)

M32 = 0xFFFFFFFF
COLUMNS = [(i, i + 4, i + 8, i + 12) for i in range(4)]
DIAGONALS = [(0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]


def words(data):
    return [le(data[i : i + 4]) for i in range(0, len(data), 4)]


def unwords(values):
    return b"".join(v.to_bytes(4, "little") for v in values)


def chacha_block(key, counter, nonce):
    start = words(b"expand 32-byte k" + key) + [counter] + words(nonce)
    s = list(start)
    for _ in range(10):
        for a, b, c, d in COLUMNS + DIAGONALS:
            for x, y, z, shift in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                s[x] = s[x] + s[y] & M32
                mixed = s[z] ^ s[x]
                s[z] = (mixed << shift | mixed >> 32 - shift) & M32
    return unwords((a + b) & M32 for a, b in zip(s, start))


def chacha_xor(key, nonce, data):
    blocks = range(-(-len(data) // 64))
    stream = b"".join(chacha_block(key, i + 1, nonce) for i in blocks)
    return bytes(a ^ b for a, b in zip(data, stream))


def poly1305_tag(key, nonce, aad, sealed):
    one_time = chacha_block(key, 0, nonce)
    r, s = le(one_time[:16]) & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF, le(one_time[16:32])
    text = b""
    for part in (aad, sealed):
        text += part + bytes(-len(part) % 16)
    text += len(aad).to_bytes(8, "little") + len(sealed).to_bytes(8, "little")
    total = 0
    for i in range(0, len(text), 16):
        total = (total + le(text[i : i + 16] + b"\1")) * r % (2**130 - 5)
    return (total + s & (1 << 128) - 1).to_bytes(16, "little")


# ---- HPKE (RFC 9180), base mode, DHKEM(X25519), HKDF-SHA256, ChaCha20-Poly1305, one message

KEM = b"KEM" + (0x0020).to_bytes(2, "big")
SUITE = b"HPKE" + bytes.fromhex("002000010003")


def labeled_extract(suite, salt, label, ikm):
    return hkdf_extract(salt, b"HPKE-v1" + suite + label + ikm)


def labeled_expand(suite, prk, label, info, length):
    return hkdf_expand(prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def hpke_key(dh, enc, public, info):
    """The key and the nonce of message 0."""
    prk = labeled_extract(KEM, b"", b"eae_prk", dh)
    shared = labeled_expand(KEM, prk, b"shared_secret", enc + public, 32)
    context = b"\0" + labeled_extract(SUITE, b"", b"psk_id_hash", b"")
    context += labeled_extract(SUITE, b"", b"info_hash", info)
    secret = labeled_extract(SUITE, shared, b"secret", b"")
    key = labeled_expand(SUITE, secret, b"key", context, 32)
    return key, labeled_expand(SUITE, secret, b"base_nonce", context, 12)


def hpke_seal(public, ephemeral, info, aad, message):
    """enc | ciphertext | tag, with a given ephemeral private key."""
    enc = x25519_public(ephemeral)
    key, nonce = hpke_key(x25519(ephemeral, public), enc, public, info)
    sealed = chacha_xor(key, nonce, message)
    return enc + sealed + poly1305_tag(key, nonce, aad, sealed)


def hpke_open(private, info, aad, blob):
    """The message; None when a key is of small order or the tag is wrong."""
    enc, sealed, tag = blob[:32], blob[32:-16], blob[-16:]
    dh = x25519(private, enc)
    key, nonce = hpke_key(dh, enc, x25519_public(private), info)
    if dh == bytes(32) or poly1305_tag(key, nonce, aad, sealed) != tag:
        return None
    return chacha_xor(key, nonce, sealed)


# ---- BLAKE3 (the paper's section 2), unkeyed, 32 bytes

IV = words(bytes.fromhex("67e6096a85ae67bb72f36e3c3af54fa57f520e518c68059babd9831f19cde05b"))
ORDER = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8


def compress(chain, block, counter, flags):
    m = words(block + bytes(64 - len(block)))
    s = chain + IV[:4] + [counter & M32, counter >> 32, len(block), flags]
    for _ in range(7):
        for n, (a, b, c, d) in enumerate(COLUMNS + DIAGONALS):
            for word, first, second in ((m[2 * n], 16, 12), (m[2 * n + 1], 8, 7)):
                s[a] = s[a] + s[b] + word & M32
                mixed = s[d] ^ s[a]
                s[d] = (mixed >> first | mixed << 32 - first) & M32
                s[c] = s[c] + s[d] & M32
                mixed = s[b] ^ s[c]
                s[b] = (mixed >> second | mixed << 32 - second) & M32
        m = [m[i] for i in ORDER]
    return [s[i] ^ s[i + 8] for i in range(8)]


def blake3_tree(data, counter, flags):
    """The chaining value of a subtree; `flags` is ROOT for the whole input."""
    if len(data) > 1024:
        left = 1024
        while 2 * left < len(data):
            left *= 2
        children = blake3_tree(data[:left], counter, 0)
        children += blake3_tree(data[left:], counter + left // 1024, 0)
        return compress(IV, unwords(children), 0, PARENT | flags)
    chain = IV
    last = max(0, len(data) - 1) // 64 * 64
    for i in range(0, last + 64, 64):
        kind = (CHUNK_START if i == 0 else 0) | (CHUNK_END | flags if i == last else 0)
        chain = compress(chain, data[i : i + 64], counter, kind)
    return chain


def blake3(data):
    return unwords(blake3_tree(data, 0, ROOT))
