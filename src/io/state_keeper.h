/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Keeps the state file: says when it is to be saved, has it written beside the loop, and tells by
 * DTT_EVENT_STATE_FILE when that fails, hangs, or works again. A failure is told once and tried
 * again after 5 s, then twice as long each time up to the usual ten minutes.
 *
 * A disk that hangs holds up nobody: a write has a process of its own, and the end of the node
 * waits two seconds for it at most.
 */
#ifndef DTT_IO_STATE_KEEPER_H
#define DTT_IO_STATE_KEEPER_H

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/time.h"
#include "node/events.h"

#include <uv.h>

/** It is saved a minute after the start, then every ten, and at the end. */
#define DTT_STATE_KEEPER_FIRST_NS (60 * DTT_S)
#define DTT_STATE_KEEPER_EVERY_NS (600 * DTT_S)
#define DTT_STATE_KEEPER_RETRY_NS (5 * DTT_S)
/** A write that takes longer is told to hang. */
#define DTT_STATE_KEEPER_SLOW_NS (10 * DTT_S)
/** So long the end of the node waits for the disk. */
#define DTT_STATE_KEEPER_PATIENCE_NS (2 * DTT_S)

struct dtt_state_keeper;

/** The path is copied; loop, ctx and events outlive it. DTT_ENOMEM. */
int dtt_state_keeper_new(struct dtt_state_keeper **ret, const char *path, uv_loop_t *loop,
                         struct dtt_ctx *ctx, struct dtt_events *events);
/** After the loop has closed its handles. NULL is fine. */
void dtt_state_keeper_free(struct dtt_state_keeper *k);

/** Where the file is. */
const char *dtt_state_keeper_path(const struct dtt_state_keeper *k);
/** The file cannot be used, for that error number: tells so. It will be replaced. */
void dtt_state_keeper_refuse(struct dtt_state_keeper *k, struct dtt_now now, int status);

/** When dtt_state_keeper_run has something to do. */
uint64_t dtt_state_keeper_deadline(const struct dtt_state_keeper *k);
/** True: a save is due, so dtt_state_keeper_save is to be called. */
bool dtt_state_keeper_run(struct dtt_state_keeper *k, struct dtt_now now);
/** Begins to save. Without bytes it tries whether it could, unless that is known. */
void dtt_state_keeper_save(struct dtt_state_keeper *k, struct dtt_now now, struct dtt_slice bytes);
/** Makes a save due at once, whose end will be told also when it is good. */
void dtt_state_keeper_ask(struct dtt_state_keeper *k, struct dtt_now now);
/**
 * Saves these bytes, unless that was done just now, and waits for the disk as long as its patience
 * lasts. Nothing but dtt_state_keeper_free may follow.
 */
void dtt_state_keeper_close(struct dtt_state_keeper *k, struct dtt_now now, struct dtt_slice bytes);

#endif
