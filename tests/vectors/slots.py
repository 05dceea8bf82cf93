#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The vectors of slots.json, made from docs/protocol/slots.md without looking at the C code.

    slots.py            prints them
    slots.py --check    exit 1 when slots.json says something else

Python's standard library only: Ed25519 (RFC 8032) is written out below.
"""
import hashlib
import hmac
import json
import pathlib
import sys

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
BASE_Y = 4 * pow(5, P - 2, P) % P


def recover_x(y):
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P)
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return x if x % 2 == 0 else P - x


BASE_X = recover_x(BASE_Y)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def add(p, q):
    """Extended coordinates (X, Y, Z, X Y / Z), RFC 8032 section 5.1.4."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, point):
    result = (0, 1, 1, 0)
    while n:
        if n & 1:
            result = add(result, point)
        point = add(point, point)
        n >>= 1
    return result


def encode(point):
    z = pow(point[2], P - 2, P)
    return (point[1] * z % P | (point[0] * z % P & 1) << 255).to_bytes(32, "little")


def expand(seed):
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little") & ((1 << 254) - 8) | (1 << 254)
    return a, h[32:]


def public_key(seed):
    return encode(times(expand(seed)[0], BASE))


def sign(seed, message):
    a, prefix = expand(seed)
    key = encode(times(a, BASE))
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    big_r = encode(times(r, BASE))
    h = int.from_bytes(hashlib.sha512(big_r + key + message).digest(), "little")
    return big_r + ((r + h * a) % L).to_bytes(32, "little")


def cut(data):
    return hashlib.sha512(data).digest()[:32]


def hkdf(salt, ikm, info, length):
    prk = hmac.digest(salt, ikm, "sha256")
    out, block, i = b"", b"", 1
    while len(out) < length:
        block = hmac.digest(prk, block + info + bytes([i]), "sha256")
        out, i = out + block, i + 1
    return out[:length]


def slot(kind, topic, minute, enc_seed):
    le = minute.to_bytes(8, "little")
    if kind == "secret":
        okm = hkdf(b"dtt secret slot 1", enc_seed, topic + le, 64)
        return okm[:32], okm[32:]
    seed = cut(topic + le)
    return seed, seed if kind == "old_line" else cut(b"salt" + topic + le)


def item(kind, topic, minute, enc_seed, seq, value):
    seed, salt = slot(kind, topic, minute, enc_seed)
    key = public_key(seed)
    signed = b"4:salt32:" + salt + b"3:seqi%de1:v%d:" % (seq, len(value)) + value
    return {
        "signing_seed": seed.hex(),
        "k": key.hex(),
        "salt": salt.hex(),
        "target": hashlib.sha1(key + salt).hexdigest(),
        "seq": seq,
        "sig": sign(seed, signed).hex(),
    }


def vectors():
    inputs = [
        ("my-iroh-gossip-topic", "my-initial-secret", 29000000),
        ("my-iroh-gossip-topic", "my-initial-secret", 29000001),
        ("my-iroh-gossip-topic", "another secret", 29000000),
        ("tea room", "a secret we agreed on", 29371234),
        ("", "x", 0),
    ]
    cases = []
    for name, secret, minute in inputs:
        topic = cut(name.encode())
        enc_seed = cut(topic + minute.to_bytes(8, "big") + cut(secret.encode()))
        value = b"any value"
        cases.append(
            {
                "topic_name": name,
                "secret": secret,
                "minute": minute,
                "topic_hash": topic.hex(),
                "encryption_seed": enc_seed.hex(),
                "value": value.hex(),
                "public": item("public", topic, minute, enc_seed, 2**63 - 1, value),
                "secret_slot": item("secret", topic, minute, enc_seed, 2**63 - 1, value),
                "old_line": item("old_line", topic, minute, enc_seed, 7, value),
            }
        )
    return {"about": "docs/protocol/slots.md; made by slots.py", "cases": cases}


def main():
    text = json.dumps(vectors(), indent=1) + "\n"
    if sys.argv[1:] != ["--check"]:
        print(text, end="")
        return 0
    if pathlib.Path(__file__).with_suffix(".json").read_text(encoding="utf-8") != text:
        print("slots.json is not what slots.py makes: run slots.py > slots.json", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
