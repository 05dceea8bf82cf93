/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/link_proofs.h"

#include "gossip/stream.h"
#include "node/limits.h"
#include "node/link.h"
#include "record/proof.h"

#include <sodium.h>
#include <stdlib.h>

_Static_assert(DTT_QUIC_EXPORTER_BYTES == DTT_PROOF_EXPORTER_LEN, "exporters are of one length");

void dtt_link_proofs_fini(struct dtt_link_proofs *p)
{
    free(p->told);
    p->told = NULL;
}

bool dtt_link_proofs_is_stream(const struct dtt_gossip_topic_id *topic)
{
    return memcmp(topic->bytes, dtt_proof_stream_topic, sizeof(dtt_proof_stream_topic)) == 0;
}

bool dtt_link_proofs_is_told(const struct dtt_link_proofs *p,
                             const struct dtt_gossip_topic_id *topic)
{
    for (size_t i = 0; i < p->n_told; i++) {
        if (memcmp(&p->told[i], topic, sizeof(*topic)) == 0) {
            return true;
        }
    }
    return false;
}

static bool add_told(struct dtt_link_proofs *p, const struct dtt_gossip_topic_id *topic)
{
    if (p->n_told == DTT_CORE_TOPICS) {
        return false;
    }
    struct dtt_gossip_topic_id *grown = realloc(p->told, (p->n_told + 1) * sizeof(*grown));
    if (!grown) {
        return false;
    }
    p->told = grown;
    p->told[p->n_told++] = *topic;
    return true;
}

static bool open_stream(const struct dtt_transport *t, struct dtt_link_conn *c)
{
    struct dtt_link_proofs *p = &c->proofs;
    struct dtt_gossip_topic_id topic;
    uint8_t header[DTT_GOSSIP_HEADER_FRAME];
    if (!p->has_stream && t->ops->open_uni(t->self, c->conn, &p->stream) == DTT_OK) {
        memcpy(topic.bytes, dtt_proof_stream_topic, sizeof(topic.bytes));
        dtt_gossip_stream_header(header, &topic);
        p->has_stream = t->ops->write(t->self, c->conn, p->stream,
                                      dtt_slice(header, sizeof(header)), false) == DTT_OK;
    }
    return p->has_stream;
}

/* The connection as its prover sees it. */
static bool bond_of(const struct dtt_links *links, const struct dtt_link *link,
                    const struct dtt_link_conn *c, bool is_ours, struct dtt_proof_bond *ret)
{
    ret->prover = is_ours ? links->prover.me : link->id;
    ret->verifier = is_ours ? link->id : links->prover.me;
    ret->is_dialler = is_ours == c->is_dialled;
    return links->transport.ops->exporter(links->transport.self, c->conn, ret->exporter);
}

void dtt_link_proofs_tell(struct dtt_links *links, struct dtt_now now, const struct dtt_link *link,
                          struct dtt_link_conn *c, const struct dtt_gossip_topic_id *topic)
{
    const struct dtt_transport *t = &links->transport;
    uint64_t minute = dtt_now_minute(now);
    struct dtt_proof_bond bond;
    uint8_t seed[32];
    uint8_t frame[4 + DTT_PROOF_LEN];
    if (!links->prover.seed(links->prover.user, topic, minute, seed)) {
        return;
    }
    if (add_told(&c->proofs, topic) && bond_of(links, link, c, true, &bond) && open_stream(t, c)) {
        dtt_put_be32(frame, DTT_PROOF_LEN);
        dtt_proof_write(frame + 4, seed, topic->bytes, minute, &bond);
        t->ops->write(t->self, c->conn, c->proofs.stream, dtt_slice(frame, sizeof(frame)), false);
        DTT_COUNT(links->ctx, NODE_PROOFS_TOLD);
    }
    sodium_memzero(seed, sizeof(seed));
}

bool dtt_link_proofs_recv(struct dtt_links *links, struct dtt_now now, const struct dtt_link *link,
                          struct dtt_link_conn *c, struct dtt_slice frame,
                          struct dtt_gossip_topic_id *ret_topic)
{
    struct dtt_proof_claim claim;
    struct dtt_proof_bond bond;
    uint8_t seed[32];
    bool is_good = false;
    bool is_looked_at = c->proofs.n_read < DTT_LINK_PROOFS_READ;
    c->proofs.n_read += is_looked_at;
    if (is_looked_at && dtt_proof_read(frame, &claim) == DTT_OK) {
        memcpy(ret_topic->bytes, claim.topic, sizeof(ret_topic->bytes));
        is_good = links->prover.seed(links->prover.user, ret_topic, claim.minute, seed) &&
                  bond_of(links, link, c, false, &bond) && dtt_proof_is_good(&claim, seed, &bond);
        sodium_memzero(seed, sizeof(seed));
    }
    if (is_good) {
        links->prover.clock(links->prover.user, now, ret_topic, &link->id, claim.minute);
        /* The secret of another time may be one that was taken away since. */
        is_good = dtt_proof_is_timely(&claim, dtt_now_minute(now));
    }
    if (is_good) {
        DTT_COUNT(links->ctx, NODE_PROOFS_GOOD);
    } else {
        DTT_COUNT(links->ctx, NODE_PROOFS_REFUSED);
    }
    return is_good;
}
