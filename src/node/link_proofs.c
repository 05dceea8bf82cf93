/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/link_proofs.h"

#include "gossip/stream.h"
#include "node/limits.h"
#include "record/proof.h"

#include <sodium.h>
#include <stdlib.h>

_Static_assert(DTT_QUIC_EXPORTER_BYTES == DTT_PROOF_EXPORTER_LEN, "exporters are of one length");

void dtt_link_proofs_init(struct dtt_link_proofs *p, dtt_quic_conn conn, const struct dtt_id *peer,
                          bool is_dialled)
{
    *p = (struct dtt_link_proofs){.conn = conn, .peer = *peer, .is_dialled = is_dialled};
}

void dtt_link_proofs_fini(struct dtt_link_proofs *p)
{
    free(p->told);
    p->told = NULL;
}

bool dtt_link_proofs_is_stream(const struct dtt_gossip_topic_id *topic)
{
    uint8_t ours[32];
    dtt_proof_stream_topic(ours);
    return memcmp(topic->bytes, ours, sizeof(ours)) == 0;
}

/* False when it had been there before, or cannot be kept. */
static bool add_told(struct dtt_link_proofs *p, const struct dtt_gossip_topic_id *topic)
{
    for (size_t i = 0; i < p->n_told; i++) {
        if (memcmp(&p->told[i], topic, sizeof(*topic)) == 0) {
            return false;
        }
    }
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

static bool open_stream(struct dtt_link_proofs *p, const struct dtt_transport *t)
{
    struct dtt_gossip_topic_id topic;
    uint8_t header[DTT_GOSSIP_HEADER_FRAME];
    if (!p->has_stream && dtt_transport_open_uni(t, p->conn, &p->stream) == DTT_OK) {
        dtt_proof_stream_topic(topic.bytes);
        dtt_gossip_stream_header(header, &topic);
        p->has_stream = dtt_transport_write(t, p->conn, p->stream,
                                            dtt_slice(header, sizeof(header)), false) == DTT_OK;
    }
    return p->has_stream;
}

/* The connection as its prover sees it. */
static bool bond_of(const struct dtt_link_proofs *p, const struct dtt_prover *prover,
                    const struct dtt_transport *t, bool is_ours, struct dtt_proof_bond *ret)
{
    ret->prover = is_ours ? prover->me : p->peer;
    ret->verifier = is_ours ? p->peer : prover->me;
    ret->is_dialler = is_ours == p->is_dialled;
    return dtt_transport_exporter(t, p->conn, ret->exporter);
}

void dtt_link_proofs_tell(struct dtt_link_proofs *p, struct dtt_ctx *ctx,
                          const struct dtt_prover *prover, const struct dtt_transport *t,
                          struct dtt_now now, const struct dtt_gossip_topic_id *topic)
{
    uint64_t minute = dtt_now_minute(now);
    struct dtt_proof_bond bond;
    uint8_t seed[32];
    uint8_t frame[4 + DTT_PROOF_LEN];
    if (!prover->seed(prover->user, topic, minute, seed) || !add_told(p, topic)) {
        return;
    }
    if (bond_of(p, prover, t, true, &bond) && open_stream(p, t)) {
        dtt_put_be32(frame, DTT_PROOF_LEN);
        dtt_proof_write(frame + 4, seed, topic->bytes, minute, &bond);
        dtt_transport_write(t, p->conn, p->stream, dtt_slice(frame, sizeof(frame)), false);
        DTT_COUNT(ctx, NODE_PROOFS_TOLD);
    }
    sodium_memzero(seed, sizeof(seed));
}

bool dtt_link_proofs_recv(struct dtt_link_proofs *p, struct dtt_ctx *ctx,
                          const struct dtt_prover *prover, const struct dtt_transport *t,
                          struct dtt_now now, struct dtt_slice frame,
                          struct dtt_gossip_topic_id *ret_topic)
{
    struct dtt_proof_claim claim;
    struct dtt_proof_bond bond;
    uint8_t seed[32];
    bool is_good = false;
    if (p->n_read == DTT_LINK_PROOFS_READ) {
        DTT_COUNT(ctx, NODE_PROOFS_REFUSED);
        return false;
    }
    p->n_read++;
    if (dtt_proof_read(frame, &claim) == DTT_OK &&
        dtt_proof_is_timely(&claim, dtt_now_minute(now))) {
        memcpy(ret_topic->bytes, claim.topic, sizeof(ret_topic->bytes));
        is_good = prover->seed(prover->user, ret_topic, claim.minute, seed) &&
                  bond_of(p, prover, t, false, &bond) && dtt_proof_is_good(&claim, seed, &bond);
        sodium_memzero(seed, sizeof(seed));
    }
    if (is_good) {
        DTT_COUNT(ctx, NODE_PROOFS_GOOD);
    } else {
        DTT_COUNT(ctx, NODE_PROOFS_REFUSED);
    }
    return is_good;
}
