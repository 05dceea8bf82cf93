/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A room of twenty, three of whom forge what its members say; and of three, one of whom is away. */
#include "author/envelope.h"
#include "node/core_topic.h"
#include "node/inside.h"
#include "party.h"

#define MEMBERS 20
enum { ANN = 0, WRONG_KEY = 17, OTHER_TOPIC, SIGNS_AGAIN };

/* What each has heard since the last look. */
static struct {
    unsigned good[MEMBERS]; /* fresh, by the author's number */
    unsigned bad, old, plain;
    uint64_t missed; /* of Ann */
    struct dtt_event_message last;
    uint8_t raw[DTT_GOSSIP_CONTENT_MAX];
} ears[MEMBERS];

static size_t number_of(const struct party *p, const struct dtt_id *id)
{
    for (size_t i = 0; i < p->n; i++) {
        if (memcmp(dtt_core_id(p->peers[i].host->core), id, sizeof(*id)) == 0) {
            return i;
        }
    }
    fail_msg("an author who is nobody");
    return 0;
}

static struct party p;

static void hear(void *user, struct dtt_sim_host *h, const struct dtt_event *ev)
{
    const struct peer *peer = h->user;
    if (peer && ev->type == DTT_EVENT_MISSED) {
        assert_int_equal(number_of(&p, &ev->u.missed.author), ANN);
        ears[peer - p.peers].missed += ev->u.missed.messages;
        return;
    }
    if (!peer || ev->type != DTT_EVENT_MESSAGE) {
        party_event(user, h, ev);
        return;
    }
    size_t me = (size_t)(peer - p.peers);
    const struct dtt_event_message *m = &ev->u.message;
    ears[me].last = *m;
    memcpy(ears[me].raw, m->raw, m->raw_len);
    if (m->signature == DTT_SIGNATURE_BAD) {
        ears[me].bad++;
    } else if (m->signature == DTT_SIGNATURE_NONE) {
        ears[me].plain++;
    } else if (m->replayed != DTT_REPLAYED_NOT) {
        ears[me].old++;
    } else {
        ears[me].good[number_of(&p, &m->author)]++;
    }
}

static void send(size_t who, struct dtt_slice data, unsigned flags)
{
    struct dtt_sim_host *h = p.peers[who].host;
    assert_int_equal(dtt_core_topic_send(h->topic, dtt_sim_host_now(h), data, flags), DTT_OK);
    dtt_sim_host_settle(h);
}

static void say(size_t who, struct dtt_slice data, unsigned flags)
{
    memset(ears, 0, sizeof(ears));
    send(who, data, flags);
    party_run(&p, 10 * DTT_S, NULL);
}

/* Everybody else has heard this once, and nothing else. */
static void assert_good(size_t speaker, size_t author)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        for (size_t k = 0; k < MEMBERS; k++) {
            assert_int_equal(ears[i].good[k], i != speaker && k == author);
        }
        assert_int_equal(ears[i].bad + ears[i].old + ears[i].plain, 0);
    }
}

static void assert_marked(size_t speaker, unsigned bad, unsigned old)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        assert_int_equal(ears[i].bad, i == speaker ? 0 : bad);
        assert_int_equal(ears[i].old, i == speaker ? 0 : old);
        assert_int_equal(ears[i].plain, 0);
        for (size_t k = 0; k < MEMBERS; k++) {
            assert_int_equal(ears[i].good[k], 0);
        }
    }
}

/* A message in Ann's name of this topic, signed with a seed. */
static void forge(size_t speaker, const uint8_t topic[32], const uint8_t seed[32])
{
    uint8_t buf[512];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    struct dtt_sim_host *ann = p.peers[ANN].host;
    struct dtt_envelope e = {.author = *dtt_core_id(ann->core),
                             .kind = DTT_ENVELOPE_TEXT,
                             .content = dtt_slice("pay the forger", 14),
                             .is_dated = true,
                             .sent_ms = (uint64_t)dtt_sim_host_now(ann).wall_ns / DTT_MS,
                             .seq = ann->topic->talk.seq + 100};
    memcpy(e.topic, topic, sizeof(e.topic));
    dtt_envelope_write(&w, &e, seed);
    assert_false(w.failed);
    say(speaker, dtt_slice(buf, w.len), 0);
}

static void authors_are_right_whoever_forges(void **state)
{
    static const uint8_t elsewhere[32] = {1};
    uint8_t kept[DTT_GOSSIP_CONTENT_MAX];
    (void)state;
    party_init(&p, 7);
    p.w.hooks.event = hear;
    for (int i = 0; i < MEMBERS; i++) {
        party_add(&p, "room", "secret");
    }
    assert_true(party_run(&p, 60 * DTT_S, party_has_joined));
    party_run(&p, 60 * DTT_S, NULL);
    const struct dtt_sim_host *ann = p.peers[ANN].host;

    say(ANN, dtt_slice("pay ben", 7), DTT_SEND_SIGNED);
    assert_good(ANN, ANN);
    size_t kept_len = ears[WRONG_KEY].last.raw_len;
    memcpy(kept, ears[WRONG_KEY].raw, kept_len);

    forge(WRONG_KEY, ann->topic->id.bytes, p.peers[WRONG_KEY].host->node_seed);
    assert_marked(WRONG_KEY, 1, 0);
    /* Ann has signed it, elsewhere. */
    forge(OTHER_TOPIC, elsewhere, ann->node_seed);
    assert_marked(OTHER_TOPIC, 0, 0);
    /* Who says it again under its own name says it itself. */
    say(SIGNS_AGAIN, dtt_slice("pay ben", 7), DTT_SEND_SIGNED);
    assert_good(SIGNS_AGAIN, SIGNS_AGAIN);
    /* At once, to neighbours, where gossip knows no message twice. */
    say(WRONG_KEY, dtt_slice(kept, kept_len), DTT_SEND_NEIGHBORS);
    unsigned old = 0;
    for (size_t i = 0; i < MEMBERS; i++) {
        old += ears[i].old;
        assert_int_equal(ears[i].good[ANN], 0);
        assert_true(ears[i].old == 0 || ears[i].last.replayed == DTT_REPLAYED_HEARD);
    }
    assert_true(old > 0);
    /* Long after, when gossip has forgotten it. */
    party_run(&p, 400 * DTT_S, NULL);
    say(WRONG_KEY, dtt_slice(kept, kept_len), 0);
    for (size_t i = 0; i < MEMBERS; i++) {
        assert_int_equal(ears[i].good[ANN], 0);
        assert_int_equal(ears[i].old, i != WRONG_KEY);
        if (i != ANN && i != WRONG_KEY) { /* Ann's own node knows what it has said */
            assert_int_equal(ears[i].last.replayed, DTT_REPLAYED_LATE);
        }
    }
    say(ANN, dtt_slice("pay ben", 7), DTT_SEND_SIGNED);
    assert_good(ANN, ANN);
    dtt_sim_world_fini(&p.w);
}

/* Ann says ten messages while one of three is cut off, and one when it has long been back. */
static void be_away(uint64_t before_ns, uint64_t after_ns)
{
    memset(ears, 0, sizeof(ears));
    p.w.is_cut = true;
    party_run(&p, before_ns, NULL);
    for (int i = 0; i < 10; i++) {
        send(ANN, dtt_slice("news", 4), DTT_SEND_SIGNED);
    }
    party_run(&p, after_ns, NULL);
    p.w.is_cut = false;
    party_run(&p, 120 * DTT_S, NULL);
    send(ANN, dtt_slice("more", 4), DTT_SEND_SIGNED);
    party_run(&p, 60 * DTT_S, NULL);
    assert_int_equal(ears[1].good[ANN], 11);
    assert_int_equal(ears[1].missed, 0);
}

/* What is too old to be brought to it is counted; what is brought to it is not. */
static void who_was_away_knows_how_much_it_missed(void **state)
{
    (void)state;
    party_init(&p, 8);
    p.w.hooks.event = hear;
    for (int i = 0; i < 3; i++) {
        party_add(&p, "room", "secret");
    }
    assert_true(party_run(&p, 60 * DTT_S, party_has_joined));
    party_run(&p, 60 * DTT_S, NULL);
    p.peers[2].host->island = 1;
    say(ANN, dtt_slice("hello", 5), DTT_SEND_SIGNED);
    be_away(60 * DTT_S, 10 * DTT_S);
    assert_int_equal(ears[2].good[ANN], 11);
    assert_int_equal(ears[2].missed, 0);
    be_away(60 * DTT_S, 400 * DTT_S);
    assert_int_equal(ears[2].good[ANN], 1);
    assert_int_equal(ears[2].missed, 10);
    dtt_sim_world_fini(&p.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authors_are_right_whoever_forges),
        cmocka_unit_test(who_was_away_knows_how_much_it_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
