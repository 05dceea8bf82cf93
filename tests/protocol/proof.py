# SPDX-License-Identifier: MIT OR Apache-2.0
"""docs/protocol/proof.md: that a peer holds the secret, on one connection."""
import hmac

import crypto

LABEL = b"dtt proof 1"
VERSION = b"\1"
STREAM_TOPIC = crypto.cut(b"dtt proof v1")
DIALLED, ACCEPTED = b"\0", b"\1"


def key(topic, minute, enc_seed):
    return crypto.hkdf(LABEL, enc_seed, topic + minute.to_bytes(8, "little"), 32)


def frame(topic, minute, enc_seed, role, exporter, prover, verifier):
    claim = VERSION + topic + minute.to_bytes(8, "little")
    bound = LABEL + role + exporter + prover + verifier
    return claim + hmac.digest(key(topic, minute, enc_seed), bound, "sha256")
