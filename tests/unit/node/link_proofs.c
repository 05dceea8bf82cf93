/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "link_fakes.h"

/* A proof of `peer`, which dialled us, for connection `letter`, as frame of stream 99. */
static void hear_proof(char letter, unsigned peer, const struct dtt_gossip_topic_id *topic,
                       int minutes_off, bool is_first)
{
    uint8_t bytes[DTT_GOSSIP_HEADER_FRAME + 4 + DTT_PROOF_LEN], seed[32];
    uint64_t minute = dtt_now_minute(now) + (uint64_t)minutes_off;
    struct dtt_gossip_topic_id stream_topic;
    struct dtt_proof_bond bond = {.prover = id_of(peer), .verifier = prover.me, .is_dialler = true};
    size_t skip = is_first ? 0 : DTT_GOSSIP_HEADER_FRAME;
    memset(bond.exporter, (int)conn_of(letter), sizeof(bond.exporter));
    memset(seed, (int)minute, sizeof(seed));
    memcpy(stream_topic.bytes, dtt_proof_stream_topic, sizeof(stream_topic.bytes));
    dtt_gossip_stream_header(bytes, &stream_topic);
    dtt_put_be32(bytes + DTT_GOSSIP_HEADER_FRAME, DTT_PROOF_LEN);
    dtt_proof_write(bytes + DTT_GOSSIP_HEADER_FRAME + 4, seed, topic->bytes, minute, &bond);
    event(DTT_QUIC_DATA, letter,
          (struct dtt_quic_event){.stream = 99,
                                  .data = dtt_slice(bytes + skip, sizeof(bytes) - skip)});
}

static void proofs_go_only_to_those_that_read_them(void **state)
{
    struct dtt_id id = id_of(4);
    (void)state;
    accept_from(3, 'a');
    accept_from(4, 'b');
    send_to(3, "hello");
    assert_string_equal(script(), "open a/1; topic 1; write a/1 hello");
    dtt_book_mark(&l.book, now, &id);
    send_in(4, &blue, "hello", false); /* we cannot prove that */
    assert_string_equal(script(), "open b/2; topic 2; write b/2 hello");
    send_to(4, "hello");
    send_to(4, "again");
    assert_string_equal(script(), "open b/3; topic 3; proof b/3; open b/4; topic 4; "
                                  "write b/4 hello; write b/4 again");
    know(4, "c"); /* another connection has its own */
    closed('b', DTT_REASON_TIMEOUT);
    send_to(4, "more");
    up('c');
    assert_string_equal(script(), "gone 4 timeout; dial 4@c; open c/5; topic 5; proof c/5; "
                                  "open c/6; topic 6; write c/6 more");
}

static void a_proof_is_answered(void **state)
{
    (void)state;
    now.wall_ns = 1000 * 60 * (int64_t)DTT_S;
    accept_from(403, 'a');
    hear_proof('a', 403, &red, 2, true);
    assert_string_equal(script(), "proven 403 red; open a/1; topic 1; proof a/1");
    assert_true(conns[0].is_trusted);
    hear_proof('a', 403, &red, 0, false); /* once is enough */
    assert_string_equal(script(), "proven 403 red");
    hear_proof('a', 403, &red, 3, false); /* its clock is off */
    hear_proof('a', 4, &red, 0, false);   /* of another peer */
    hear_proof('a', 403, &blue, 0, false);
    assert_string_equal(script(), "");
    assert_int_equal(ctx.counters[DTT_COUNTER_NODE_PROOFS_REFUSED], 3);
    accept_from(4, 'b');
    hear_proof('b', 403, &red, 0, true); /* of another connection */
    assert_string_equal(script(), "");
    for (int i = 0; i < DTT_LINK_PROOFS_READ - 5; i++) {
        hear_proof('a', 403, &red, 0, false);
    }
    script();
    hear_proof('a', 403, &red, 0, false);
    assert_string_equal(script(), ""); /* so many are looked at */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(proofs_go_only_to_those_that_read_them),
        T(a_proof_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
