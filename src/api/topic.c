/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Topics. The handle carries its node, so that what a call made ready to send goes out at once.
 */
#include "api/node_priv.h"
#include "node/core_topic.h"
#include "node/once.h"
#include "node/why.h"

_Static_assert(DTT_MESSAGE_MAX == DTT_GOSSIP_CONTENT_MAX, "a message is what gossip carries");
_Static_assert(DTT_MESSAGE_SIGNED_MAX == DTT_TALK_SIGNED_MAX, "and its envelope");

int dtt_topic_join(dtt_topic **ret, dtt_node *n, const struct dtt_topic_config *config)
{
    struct dtt_topic_args args;
    if (!ret || !n || dtt_topic_args_read(&args, config, NULL, 0) != DTT_OK) {
        return DTT_EINVAL;
    }
    return dtt_flushed(
        n, dtt_core_topic_join(dtt_io_core(n->io), dtt_io_now(n->io), &args.cfg, n, ret));
}

static struct dtt_io *io_of(const dtt_topic *t)
{
    return dtt_topic_node(t)->io;
}

uint32_t dtt_topic_id(const dtt_topic *t)
{
    return t->number;
}

dtt_node *dtt_topic_node(const dtt_topic *t)
{
    return t->driver;
}

void *dtt_topic_user(const dtt_topic *t)
{
    return t->user;
}

const uint8_t *dtt_topic_hash_of(const dtt_topic *t)
{
    return t->id.bytes;
}

dtt_topic *dtt_topic_leave(dtt_topic *t)
{
    if (t) {
        struct dtt_io *io = io_of(t);
        dtt_core_hear_out(dtt_io_core(io), dtt_io_now(io));
        dtt_core_topic_leave(t, dtt_io_now(io));
        dtt_io_flush(io);
    }
    return NULL;
}

int dtt_topic_send(dtt_topic *t, const void *data, size_t len, unsigned flags)
{
    const unsigned known = DTT_SEND_NEIGHBORS | DTT_SEND_SIGNED;
    if (!t || !data || len == 0 || (flags & ~known)) {
        return DTT_EINVAL;
    }
    if (len > (flags & DTT_SEND_SIGNED ? DTT_MESSAGE_SIGNED_MAX : DTT_MESSAGE_MAX)) {
        return DTT_ETOOBIG;
    }
    struct dtt_io *io = io_of(t);
    int err = dtt_core_topic_send(t, dtt_io_now(io), dtt_slice(data, len), flags);
    if (!err) {
        dtt_io_flush(io);
    }
    return err;
}

size_t dtt_topic_unsent(const dtt_topic *t)
{
    return dtt_core_topic_unsent(t, dtt_io_now(io_of(t)));
}

size_t dtt_topic_neighbors(const dtt_topic *t, struct dtt_id *ret, size_t cap)
{
    return dtt_core_topic_neighbors(t, ret, cap);
}

int dtt_topic_set_name(dtt_topic *t, const char *name)
{
    if (!t || (name && !*name)) {
        return DTT_EINVAL;
    }
    struct dtt_io *io = io_of(t);
    int err = dtt_core_topic_set_name(t, dtt_io_now(io), dtt_slice(name, name ? strlen(name) : 0));
    dtt_io_flush(io);
    return err;
}

size_t dtt_topic_members(const dtt_topic *t, struct dtt_member *ret, size_t cap)
{
    const struct dtt_author *authors[DTT_AUTHORS_MAX];
    size_t stride = ret && cap > 0 ? ret->size : 0;
    cap = stride < sizeof(stride) ? 0 : cap;
    size_t n = dtt_core_topic_members(t, authors, DTT_AUTHORS_MAX);
    for (size_t i = 0; i < n && i < cap; i++) {
        struct dtt_member m = {.id = authors[i]->id,
                               .is_neighbor = authors[i]->is_neighbor,
                               .is_here = dtt_authors_is_here(&t->talk.authors, authors[i]),
                               .heard_ms = authors[i]->heard_ms,
                               .seq = authors[i]->replay.highest};
        void *theirs = (char *)ret + i * stride;
        memcpy(m.name, authors[i]->name, sizeof(m.name));
        memcpy(theirs, &stride, sizeof(stride));
        dtt_write_sized(theirs, &m, sizeof(m));
    }
    return n;
}

int dtt_topic_add_peer(dtt_topic *t, const struct dtt_peer_addr *peer)
{
    struct dtt_peer_addr ours;
    if (!t || !dtt_read_sized(&ours, sizeof(ours), peer) || !dtt_config_takes_addr(&ours.addr)) {
        return DTT_EINVAL;
    }
    struct dtt_io *io = io_of(t);
    dtt_core_topic_add_peer(t, dtt_io_now(io), &ours);
    dtt_io_flush(io);
    return DTT_OK;
}

int dtt_topic_why(const dtt_topic *t, struct dtt_why *ret)
{
    struct dtt_why why;
    if (!t) {
        return DTT_EINVAL;
    }
    dtt_core_topic_why(t, dtt_io_now(io_of(t)), &why);
    return dtt_write_sized(ret, &why, sizeof(why)) ? DTT_OK : DTT_EINVAL;
}

const char *dtt_stage_word(int stage)
{
    return dtt_why_stage_word(stage);
}

int dtt_node_lookup(dtt_node *n, const struct dtt_topic_config *config, uint32_t *ret_op)
{
    struct dtt_topic_args args;
    if (!n || !ret_op || dtt_topic_args_read(&args, config, NULL, 0) != DTT_OK) {
        return DTT_EINVAL;
    }
    return dtt_flushed(n,
                       dtt_once_lookup(dtt_io_core(n->io), dtt_io_now(n->io), &args.cfg, ret_op));
}

int dtt_node_publish(dtt_node *n, const struct dtt_topic_config *config, const void *content,
                     size_t len, uint32_t *ret_op)
{
    struct dtt_topic_args args;
    if (!n || !ret_op || (!content && len) ||
        dtt_topic_args_read(&args, config, NULL, 0) != DTT_OK) {
        return DTT_EINVAL;
    }
    if (len > DTT_RECORD_CONTENT_MAX) {
        return DTT_ETOOBIG;
    }
    return dtt_flushed(n, dtt_once_publish(dtt_io_core(n->io), dtt_io_now(n->io), &args.cfg,
                                           dtt_slice(content, len), ret_op));
}
