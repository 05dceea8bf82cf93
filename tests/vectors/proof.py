#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The vectors of proof.json, made from docs/protocol/proof.md without looking at the C code.

    proof.py            prints them
    proof.py --check    exit 1 when proof.json says something else
"""
import hashlib
import hmac
import json
import pathlib
import sys

LABEL = b"dtt proof 1"


def cut(data):
    return hashlib.sha512(data).digest()[:32]


def hmac_sha256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf_32(salt, ikm, info):
    """RFC 5869, one block."""
    return hmac_sha256(hmac_sha256(salt, ikm), info + b"\x01")


def proof(name, secret, minute, is_dialler, fill):
    topic = cut(name.encode())
    seed = cut(topic + minute.to_bytes(8, "big") + cut(secret.encode()))
    key = hkdf_32(LABEL, seed, topic + minute.to_bytes(8, "little"))
    exporter, prover, verifier = (hashlib.sha256(bytes([fill, i])).digest() for i in range(3))
    role = b"\x00" if is_dialler else b"\x01"
    mac = hmac_sha256(key, LABEL + role + exporter + prover + verifier)
    frame = b"\x01" + topic + minute.to_bytes(8, "little") + mac
    return {"topic_name": name, "secret": secret, "minute": minute, "is_dialler": is_dialler,
            "encryption_seed": seed.hex(), "exporter": exporter.hex(), "prover": prover.hex(),
            "verifier": verifier.hex(), "key": key.hex(), "proof": frame.hex()}


def vectors():
    return {
        "note": "made by tests/vectors/proof.py from docs/protocol/proof.md",
        "stream_topic": cut(b"dtt proof v1").hex(),
        "proofs": [proof("tea room", "a secret we agreed on", 29000000, True, 1),
                   proof("tea room", "a secret we agreed on", 29000000, False, 1),
                   proof("Tee-Stübchen", "geheim ß", 2**32 + 7, True, 2),
                   proof("", "x", 0, False, 3)],
    }


def main(words):
    text = json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n"
    if words == ["--check"]:
        kept = pathlib.Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
        print("proof.json is as the page says" if kept == text else "proof.json says something else")
        return kept != text
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
