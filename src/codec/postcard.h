/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The parts of postcard 1.0 (the serde format of iroh-gossip) that the gossip messages use.
 * Integers above one byte, lengths and enum variants are LEB128 varints. A varint may be longer
 * than needed but not longer than its type allows, and must not overflow the type. Readers and
 * writers fail as dtt_reader and dtt_writer do: check `failed` at the end.
 */
#ifndef DTT_CODEC_POSTCARD_H
#define DTT_CODEC_POSTCARD_H

#include "base/bytes.h"

uint16_t dtt_postcard_read_u16(struct dtt_reader *r);
/** An enum variant; fails when it is not below `count`. */
uint32_t dtt_postcard_read_variant(struct dtt_reader *r, uint32_t count);
/** A length, as u64 whatever the machine. */
uint64_t dtt_postcard_read_len(struct dtt_reader *r);
/** A bool, or the tag of an Option: true when a value follows. */
bool dtt_postcard_read_bool(struct dtt_reader *r);
/** A byte string or the bytes of a String (whose UTF-8 the caller checks). */
struct dtt_slice dtt_postcard_read_bytes(struct dtt_reader *r);

/** The shortest varint. */
void dtt_postcard_write_varint(struct dtt_writer *w, uint64_t v);
void dtt_postcard_write_bool(struct dtt_writer *w, bool v);
void dtt_postcard_write_bytes(struct dtt_writer *w, struct dtt_slice s);

/** Bytes of the shortest varint. */
static inline size_t dtt_postcard_varint_len(uint64_t v)
{
    size_t n = 1;
    while (v >>= 7) {
        n++;
    }
    return n;
}

#endif
