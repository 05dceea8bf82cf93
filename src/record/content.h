/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Content of a gossip tracker's record: five peers, five message hashes (320 bytes of postcard
 * that Rust reads), then our TLV extension (which Rust ignores) with the publisher's addresses, its
 * reach, and when it wrote the record.
 */
#ifndef DTT_RECORD_CONTENT_H
#define DTT_RECORD_CONTENT_H

#include "base/bytes.h"

#include <dtt/record.h>

#define DTT_CONTENT_FIXED 320
/** 996 - 4 (frame) - 56 (HPKE) - 136 (record header and signature) - 88 (key blob). */
#define DTT_CONTENT_MAX 712

/** Writes peers, hashes, addrs, reach and unix_s of `info`; unused slots are zero. */
void dtt_content_write(struct dtt_writer *w, const struct dtt_record_info *info);
/**
 * Reads into the peers, hashes, addrs, reach and unix_s of `ret`: zero slots and peers that are no
 * curve points are skipped; unknown TLV kinds are skipped; a damaged extension is ignored from
 * there on. DTT_EPROTO when shorter than 320 bytes.
 */
int dtt_content_read(struct dtt_slice s, struct dtt_record_info *ret);

#endif
