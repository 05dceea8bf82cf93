/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "script.h"

#include "gossip/hyparview.h"

static struct dtt_hyparview h;
static uint64_t connections[PEERS], hosts[PEERS], networks[PEERS];

static int setup(void **state)
{
    (void)state;
    script_open();
    memset(connections, 0, sizeof(connections));
    memset(hosts, 0, sizeof(hosts));
    memset(networks, 0, sizeof(networks));
    struct dtt_hyparview_config cfg = {
        .me = peers[0], .active_view = 3, .passive_view = 6, .shuffle_ns = 60 * DTT_S};
    static const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    assert_int_equal(dtt_hyparview_init(&h, now, &port, &cfg, hash_key), DTT_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_hyparview_fini(&h);
    dtt_gossip_outbox_fini(&outbox);
    return 0;
}

/* ---- input */

static struct dtt_gossip_peer_data some(const char *text)
{
    return (struct dtt_gossip_peer_data){.is_some = true, .bytes = dtt_slice(text, strlen(text))};
}

static void recv(int from, const struct dtt_gossip_message *m)
{
    struct dtt_gossip_source source = {.id = peers[from],
                                       .connection = connections[from],
                                       .host = hosts[from],
                                       .network = networks[from]};
    dtt_hyparview_recv(&h, now, &source, m);
    dtt_hyparview_check(&h);
}

static void recv_join(int from)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_JOIN, .u.join.data = some("")};
    recv(from, &m);
}

static void recv_forward_join(int from, int peer, uint16_t ttl)
{
    struct dtt_gossip_message m = {
        .type = DTT_MSG_FORWARD_JOIN,
        .u.forward_join = {.peer = {.id = peers[peer], .data = some("")}, .ttl = ttl}};
    recv(from, &m);
}

static void recv_neighbor(int from, enum dtt_gossip_priority priority)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_NEIGHBOR,
                                   .u.neighbor = {.priority = priority, .data = some("")}};
    recv(from, &m);
}

static void recv_disconnect(int from, bool alive)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_DISCONNECT, .u.disconnect.alive = alive};
    recv(from, &m);
}

/* A Shuffle (or its reply, with origin < 0) of peers first..last. */
static void recv_shuffle(int from, int origin, int first, int last, uint16_t ttl)
{
    struct dtt_gossip_message m = {.type = origin < 0 ? DTT_MSG_SHUFFLE_REPLY : DTT_MSG_SHUFFLE,
                                   .u.shuffle = {.ttl = ttl}};
    if (origin >= 0) {
        m.u.shuffle.origin = peers[origin];
    }
    for (int i = first; i <= last; i++) {
        m.u.shuffle.nodes[m.u.shuffle.n++].id = peers[i];
    }
    recv(from, &m);
}

static void gone(int peer)
{
    dtt_hyparview_peer_gone(&h, now, &peers[peer], DTT_REASON_CLOSED_BY_PEER);
}

static void prove(int peer)
{
    dtt_hyparview_prove(&h, now, &peers[peer]);
    dtt_hyparview_check(&h);
}

static void pass(uint64_t ns)
{
    now.mono_ns += ns;
    while (dtt_hyparview_tick(&h, now)) {
    }
}

/* Neighbours 1..n. */
static void neighbors(int n)
{
    for (int i = 1; i <= n; i++) {
        recv_neighbor(i, DTT_GOSSIP_HIGH);
    }
    script();
}

static bool in_passive(int peer)
{
    return dtt_gossip_view_find(&h.passive, &peers[peer]) != NULL;
}

static bool needs(int peer)
{
    return dtt_hyparview_needs(&h, &peers[peer]);
}

/* ---- Join */

static void join_is_sent_once(void **state)
{
    (void)state;
    assert_int_equal(dtt_hyparview_join(&h, now, &peers[1], false), DTT_OK);
    assert_string_equal(script(), "join > 1");
    assert_true(needs(1));
    recv_neighbor(1, DTT_GOSSIP_HIGH);
    assert_string_equal(script(), "up 1; neighbor(high) > 1");
    /* A neighbour needs no Join. */
    assert_int_equal(dtt_hyparview_join(&h, now, &peers[1], false), DTT_OK);
    assert_int_equal(dtt_hyparview_join(&h, now, &peers[0], false), DTT_OK);
    assert_string_equal(script(), "");
}

/* A Join makes its receiver's neighbours ours, all at once; one link is enough when we are full. */
static void a_full_view_asks_instead(void **state)
{
    (void)state;
    neighbors(3);
    assert_int_equal(dtt_hyparview_join(&h, now, &peers[6], false), DTT_OK);
    assert_string_equal(script(), "neighbor(high) > 6");
    pass(9 * DTT_S);
    assert_true(needs(6));
    recv_neighbor(6, DTT_GOSSIP_HIGH);
    assert_true(dtt_hyparview_is_active(&h, &peers[6]));
    assert_int_equal(h.active.n, 3);
}

static void unanswered_join(void **state)
{
    (void)state;
    dtt_hyparview_join(&h, now, &peers[1], false);
    dtt_hyparview_join(&h, now, &peers[1], false);
    assert_string_equal(script(), "join > 1; join > 1");
    pass(9 * DTT_S);
    assert_true(needs(1));
    pass(2 * DTT_S);
    assert_false(needs(1));
    dtt_hyparview_join(&h, now, &peers[2], false);
    gone(2);
    assert_false(needs(2));
    assert_string_equal(script(), "join > 2");
}

static void join_is_answered_and_forwarded(void **state)
{
    (void)state;
    recv_join(1);
    assert_string_equal(script(), "up 1; neighbor(high) > 1");
    recv_join(2);
    assert_string_equal(script(), "up 2; neighbor(high) > 2; forward(2, ttl 6) > 1");
    /* Its answer to our answer is the end of it. */
    recv_neighbor(2, DTT_GOSSIP_HIGH);
    assert_string_equal(script(), "");
    recv_join(2); /* too soon */
    assert_string_equal(script(), "");
    /* It lost its state and joins again. */
    pass(DTT_S);
    recv_join(2);
    assert_string_equal(script(), "neighbor(high) > 2; forward(2, ttl 6) > 1");
    pass(DTT_S);
    recv_join(2);
    assert_string_equal(script(), "neighbor(high) > 2; forward(2, ttl 6) > 1");
    pass(7 * DTT_S);
    recv_join(2); /* too often */
    assert_string_equal(script(), "");
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_JOINS_REFUSED], 2);
    /* It was started again: that is another connection. */
    pass(DTT_S);
    connections[2]++;
    recv_join(2);
    assert_string_equal(script(), "neighbor(high) > 2; forward(2, ttl 6) > 1");
    connections[2]++;
    recv_join(2);
    assert_string_equal(script(), "");
}

static void join_evicts_when_full(void **state)
{
    (void)state;
    char want[256];
    neighbors(3);
    recv_join(4);
    assert_int_equal(h.active.n, 3);
    int out = in_passive(1) ? 1 : in_passive(2) ? 2 : 3;
    int stay[2] = {out == 1 ? 2 : 1, out == 3 ? 2 : 3};
    /* The order of the view: a removal moves the last entry into the gap. */
    if (out == 1) {
        stay[0] = 3;
        stay[1] = 2;
    }
    snprintf(want, sizeof(want),
             "down %d replaced; reply(2 nodes) > %d; disconnect(alive) > %d; hang up %d; up 4; "
             "neighbor(high) > 4; forward(4, ttl 6) > %d; forward(4, ttl 6) > %d",
             out, out, out, out, stay[0], stay[1]);
    assert_string_equal(script(), want);
}

/* ---- ForwardJoin */

static void forward_join_ends_in_a_request(void **state)
{
    (void)state;
    recv_forward_join(1, 2, 6); /* no neighbour */
    assert_string_equal(script(), "neighbor(high) > 2; hang up 1");
    assert_true(needs(2));
    neighbors(1);
    recv_forward_join(1, 3, 6); /* one neighbour */
    assert_string_equal(script(), "neighbor(high) > 3");
    recv_neighbor(3, DTT_GOSSIP_HIGH); /* the answer */
    assert_string_equal(script(), "up 3");
    recv_forward_join(1, 4, 0); /* end of the walk */
    assert_string_equal(script(), "neighbor(high) > 4");
    recv_forward_join(1, 4, 0); /* asked already */
    assert_string_equal(script(), "");
}

static void forward_join_walks(void **state)
{
    (void)state;
    neighbors(2);
    recv_forward_join(1, 5, 6);
    assert_string_equal(script(), "forward(5, ttl 5) > 2");
    assert_false(in_passive(5));
    recv_forward_join(2, 5, 3);
    assert_string_equal(script(), "forward(5, ttl 2) > 1");
    assert_true(in_passive(5));
    recv_forward_join(2, 6, 65535); /* longer than any walk */
    assert_string_equal(script(), "forward(6, ttl 5) > 1");
    recv_forward_join(1, 0, 6); /* ourselves */
    recv_forward_join(1, 0, 0);
    assert_string_equal(script(), "");
}

static void forward_join_of_a_neighbor(void **state)
{
    (void)state;
    neighbors(2);
    recv_forward_join(1, 2, 6);
    assert_string_equal(script(), "");
    pass(6 * DTT_S);
    recv_forward_join(1, 2, 6); /* in case it forgot us */
    assert_string_equal(script(), "neighbor(high) > 2");
    recv_neighbor(2, DTT_GOSSIP_HIGH);
    assert_string_equal(script(), "");
}

/* ---- Neighbor */

static void neighbor_is_answered_once(void **state)
{
    (void)state;
    recv_neighbor(1, DTT_GOSSIP_LOW);
    assert_string_equal(script(), "up 1; neighbor(low) > 1");
    recv_neighbor(1, DTT_GOSSIP_LOW);
    assert_string_equal(script(), "");
    pass(6 * DTT_S);
    recv_neighbor(1, DTT_GOSSIP_LOW); /* it asks anew */
    assert_string_equal(script(), "neighbor(low) > 1");
}

static void late_answer_does_not_start_over(void **state)
{
    (void)state;
    recv_forward_join(1, 2, 0);
    script();
    pass(DTT_S); /* the request is given up */
    recv_neighbor(2, DTT_GOSSIP_HIGH);
    assert_string_equal(script(), "up 2; neighbor(high) > 2");
    recv_neighbor(2, DTT_GOSSIP_HIGH);
    assert_string_equal(script(), "");
}

static void low_priority_is_refused_when_full(void **state)
{
    (void)state;
    neighbors(3);
    recv_neighbor(4, DTT_GOSSIP_LOW);
    assert_string_equal(script(), "reply(3 nodes) > 4; disconnect(alive) > 4; hang up 4");
    recv_neighbor(1, DTT_GOSSIP_LOW); /* a neighbour is always welcome */
    assert_string_equal(script(), "");
    recv_neighbor(5, DTT_GOSSIP_HIGH);
    assert_int_equal(h.active.n, 3);
    assert_true(dtt_hyparview_is_active(&h, &peers[5]));
}

/* ---- leaving */

static void disconnect_keeps_who_is_alive(void **state)
{
    (void)state;
    neighbors(3);
    recv_disconnect(1, true);
    assert_string_equal(script(), "down 1 disconnect; hang up 1");
    assert_true(in_passive(1));
    gone(1); /* its connection ends: no news */
    assert_true(in_passive(1));
    gone(1);
    assert_false(in_passive(1));
    recv_disconnect(2, false);
    assert_string_equal(script(), "down 2 disconnect; hang up 2");
    assert_false(in_passive(2));
}

static void closed_neighbor_is_replaced(void **state)
{
    (void)state;
    neighbors(2);
    recv_shuffle(1, -1, 7, 7, 0);
    assert_string_equal(script(), "neighbor(low) > 7");
    gone(7); /* cannot be dialled; nobody else is known */
    assert_string_equal(script(), "");
    assert_false(in_passive(7));
    recv_shuffle(1, -1, 8, 8, 0);
    assert_string_equal(script(), "neighbor(low) > 8");
    recv_neighbor(8, DTT_GOSSIP_LOW);
    assert_string_equal(script(), "up 8");
    recv_shuffle(1, -1, 9, 9, 0);
    assert_string_equal(script(), "");
    gone(1);
    assert_string_equal(script(), "down 1 closed_by_peer; neighbor(low) > 9");
    gone(2);
    gone(8);
    assert_string_equal(script(), "down 2 closed_by_peer; down 8 closed_by_peer");
    gone(9);
    assert_string_equal(script(), "");
}

static void requests_time_out(void **state)
{
    (void)state;
    neighbors(1);
    recv_shuffle(1, -1, 5, 6, 0);
    const char *first = script();
    int asked = strcmp(first, "neighbor(low) > 5") == 0 ? 5 : 6;
    int other = 11 - asked;
    assert_string_equal(first, asked == 5 ? "neighbor(low) > 5" : "neighbor(low) > 6");
    pass(500 * DTT_MS);
    assert_string_equal(script(), other == 5 ? "neighbor(low) > 5" : "neighbor(low) > 6");
    assert_false(in_passive(asked));
    recv_disconnect(other, true); /* refused: it stays known, and nobody is asked at once */
    assert_string_equal(script(), "");
    assert_true(in_passive(other));
}

/* Refused while alone: the next one is asked, with high priority. */
static void refusal_while_alone(void **state)
{
    (void)state;
    neighbors(1);
    recv_shuffle(1, -1, 5, 6, 0);
    script();
    gone(1);
    assert_string_equal(script(), h.requests.all[0].id.bytes[0] == peers[5].bytes[0]
                                      ? "down 1 closed_by_peer; neighbor(high) > 6"
                                      : "down 1 closed_by_peer; neighbor(high) > 5");
    recv_disconnect(5, false);
    recv_disconnect(6, true);
    assert_true(in_passive(6));
    assert_false(in_passive(5));
    script();
    pass(60 * DTT_S); /* the shuffle timer tries again */
    assert_string_equal(script(), "neighbor(high) > 6");
}

static void stranger_says_goodbye(void **state)
{
    (void)state;
    recv_disconnect(5, true);
    recv_disconnect(6, false);
    assert_string_equal(script(), "");
    assert_int_equal(h.passive.n, 0);
}

static void taken_for_neighbor(int peer)
{
    struct dtt_gossip_source source = {.id = peers[peer]};
    dtt_hyparview_taken_for_neighbor(&h, now, &source);
}

/* Whoever was asked and behaves like a neighbour has said yes. */
static void yes_without_words(void **state)
{
    (void)state;
    recv_forward_join(1, 2, 0);
    assert_string_equal(script(), "neighbor(high) > 2; hang up 1");
    taken_for_neighbor(2);
    assert_string_equal(script(), "up 2");
    recv_neighbor(2, DTT_GOSSIP_HIGH); /* late words */
    assert_string_equal(script(), "");
    dtt_hyparview_join(&h, now, &peers[3], false);
    script();
    taken_for_neighbor(3);
    assert_string_equal(script(), "up 3; neighbor(low) > 3");
    taken_for_neighbor(3);
    assert_string_equal(script(), "");
}

/* Others who take us for a neighbour are told that we are none, but not without end. */
static void one_sided_link_is_ended(void **state)
{
    (void)state;
    neighbors(1);
    taken_for_neighbor(2);
    assert_string_equal(script(), "reply(1 nodes) > 2; disconnect(alive) > 2; hang up 2");
    taken_for_neighbor(0);
    assert_string_equal(script(), "");
    int sent = 0;
    for (int i = 0; i < 40; i++) {
        taken_for_neighbor(2);
        sent += script()[0] != '\0';
    }
    assert_int_equal(sent, 15);
}

/* A link that the other end does not know ends with the next shuffle. */
static void links_are_confirmed(void **state)
{
    (void)state;
    neighbors(2);
    pass(60 * DTT_S);
    const char *text = script();
    assert_non_null(strstr(text, "neighbor(low) > 1; neighbor(low) > 2"));
    recv_neighbor(1, DTT_GOSSIP_LOW); /* iroh-gossip answers, and waits for an answer */
    assert_string_equal(script(), "neighbor(low) > 1");
    recv_neighbor(1, DTT_GOSSIP_LOW);
    assert_string_equal(script(), "");
    recv_disconnect(2, true);
    assert_string_equal(script(), "down 2 disconnect; hang up 2");
}

static void quit_says_goodbye(void **state)
{
    (void)state;
    neighbors(2);
    dtt_hyparview_quit(&h);
    assert_string_equal(script(), "reply(1 nodes) > 1; disconnect(quit) > 1; hang up 1; "
                                  "reply(1 nodes) > 2; disconnect(quit) > 2; hang up 2");
}

/* Who was asked and may be about to answer must not keep us. */
static void quit_takes_back_what_was_asked(void **state)
{
    (void)state;
    dtt_hyparview_join(&h, now, &peers[1], false);
    recv_forward_join(2, 3, 0);
    script();
    dtt_hyparview_quit(&h);
    assert_string_equal(script(), "reply(0 nodes) > 1; disconnect(quit) > 1; hang up 1; "
                                  "reply(0 nodes) > 3; disconnect(quit) > 3; hang up 3");
}

/* ---- Shuffle */

static void shuffle_is_sent_every_minute(void **state)
{
    (void)state;
    pass(60 * DTT_S);
    assert_string_equal(script(), "");
    neighbors(1);
    pass(60 * DTT_S);
    assert_string_equal(script(), "shuffle(0, 1 nodes, ttl 6) > 1; neighbor(low) > 1");
    recv_shuffle(1, -1, 10, 15, 0);
    script();
    pass(60 * DTT_S);
    char text[512];
    snprintf(text, sizeof(text), "%s", script());
    /* Four passive peers and ourselves. */
    assert_non_null(strstr(text, "shuffle(0, 5 nodes, ttl 6) > 1"));
}

static void shuffle_walks_and_is_answered(void **state)
{
    (void)state;
    neighbors(2);
    recv_shuffle(1, 9, 10, 12, 4);
    assert_string_equal(script(), "shuffle(9, 3 nodes, ttl 3) > 2");
    recv_shuffle(1, 2, 10, 12, 4); /* nobody but its origin is left */
    assert_string_equal(script(), "");
    recv_shuffle(1, 0, 10, 12, 4); /* our own came back */
    recv_shuffle(1, 0, 10, 12, 0);
    assert_string_equal(script(), "");
    assert_int_equal(h.passive.n, 0);
    recv_shuffle(1, 9, 8, 9, 0);
    assert_string_equal(script(), "reply(2 nodes) > 9");
    assert_true(in_passive(8) && in_passive(9));
    gone(9); /* who got our reply hangs up */
    assert_true(in_passive(9));
}

/* A neighbour cannot make us dial without end. */
static void answers_to_strangers_are_bounded(void **state)
{
    (void)state;
    int sent = 0;
    neighbors(1);
    for (int i = 10; i < 70; i++) {
        recv_shuffle(1, i, i, i, 0);
        sent += strstr(script(), "reply") != NULL;
    }
    assert_int_equal(sent, 16);
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_REQUESTS_REFUSED], 44);
    pass(DTT_S);
    recv_shuffle(1, 70, 70, 70, 0);
    /* A dial on hearsay makes room for the next. */
    assert_string_equal(script(), "hang up 10; reply(1 nodes) > 70");
}

static void strangers_are_hung_up_on(void **state)
{
    (void)state;
    recv_shuffle(5, -1, 6, 6, 0);
    assert_string_equal(script(), "neighbor(high) > 6; hang up 5");
}

static void passive_view_is_bounded(void **state)
{
    (void)state;
    neighbors(3);
    for (int i = 10; i < 70; i += 10) {
        recv_shuffle(1, -1, i, i + 9, 0);
    }
    assert_int_equal(h.passive.n, 6);
    recv_shuffle(1, -1, 0, 3, 0); /* ourselves, neighbours */
    assert_false(in_passive(0) || in_passive(1));
    assert_string_equal(script(), "");
}

static void requests_are_bounded(void **state)
{
    (void)state;
    for (int i = 10; i < 70; i++) {
        recv_forward_join(1, i, 0);
    }
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_REQUESTS_REFUSED], 60 - DTT_REQUESTS_MAX);
    /* A request that is no hearsay has room at once; request.c has the shares. */
    neighbors(1);
    prove(60);
    recv_forward_join(1, 60, 0);
    assert_true(needs(60));
    script();
    pass(500 * DTT_MS);
    recv_forward_join(1, 70, 0);
    assert_string_equal(script(), "neighbor(high) > 70");
    for (int i = 10; i < 40; i++) {
        assert_int_equal(dtt_hyparview_join(&h, now, &peers[i], false), DTT_OK);
    }
}

static void a_shuffle_fits_a_frame(void **state)
{
    (void)state;
    static char text[DTT_GOSSIP_PEER_DATA_MAX + 1];
    memset(text, 'x', DTT_GOSSIP_PEER_DATA_MAX);
    struct dtt_gossip_message m = {.type = DTT_MSG_NEIGHBOR, .u.neighbor.data = some(text)};
    recv(1, &m);
    recv(2, &m);
    recv(3, &m);
    m = (struct dtt_gossip_message){.type = DTT_MSG_SHUFFLE_REPLY, .u.shuffle.n = 6};
    for (size_t i = 0; i < 6; i++) {
        m.u.shuffle.nodes[i] = (struct dtt_gossip_node){.id = peers[10 + i], .data = some(text)};
    }
    recv(1, &m);
    struct dtt_gossip_blob *mine = dtt_gossip_blob_new(dtt_slice(text, strlen(text)));
    dtt_hyparview_set_data(&h, mine);
    dtt_gossip_blob_unref(mine);
    script();
    pass(60 * DTT_S);
    /* Seven of eight: two active and four passive peers and ourselves. */
    assert_non_null(strstr(script(), "shuffle(0, 7 nodes, ttl 6)"));
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_ACTIONS_DROPPED], 0);
    recv_neighbor(4, DTT_GOSSIP_LOW);
    assert_non_null(strstr(script(), "reply(7 nodes) > 4"));
}

/* ---- places */

/* The neighbours, in ascending order. */
static const char *active(void)
{
    static char text[256];
    size_t n = 0;
    text[0] = '\0';
    for (int i = 1; i < PEERS; i++) {
        if (dtt_hyparview_is_active(&h, &peers[i])) {
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%d", n ? " " : "", i);
        }
    }
    script();
    return text;
}

static void strangers_leave_places_to_the_proven(void **state)
{
    (void)state;
    neighbors(3);
    for (int i = 11; i <= 13; i++) {
        prove(i);
        recv_neighbor(i, DTT_GOSSIP_HIGH);
        assert_true(dtt_hyparview_is_active(&h, &peers[i]));
    }
    assert_int_equal(h.active.n, 5); /* three proven, two of the strangers */
    recv_join(4);
    recv_join(5);
    recv_join(6);
    assert_true(dtt_hyparview_is_active(&h, &peers[6]));
    for (int i = 11; i <= 13; i++) {
        assert_true(dtt_hyparview_is_active(&h, &peers[i]));
    }
    assert_int_equal(h.active.n, 5);
    /* Among themselves the proven are as HyParView has it. */
    prove(14);
    recv_neighbor(14, DTT_GOSSIP_LOW);
    assert_false(dtt_hyparview_is_active(&h, &peers[14]));
    recv_join(14);
    assert_true(dtt_hyparview_is_active(&h, &peers[14]));
    assert_int_equal(h.active.n, 5);
}

static void a_stranger_that_proves_itself_moves_over(void **state)
{
    (void)state;
    neighbors(3);
    prove(1);
    assert_string_equal(active(), "1 2 3");
    prove(2);
    recv_join(4); /* the place beside */
    assert_string_equal(active(), "1 2 3 4");
    prove(3);
    recv_join(5);
    assert_string_equal(active(), "1 2 3 4 5");
    prove(4);
    assert_int_equal(h.active.n, 4); /* one of the proven has gone, and that is not peer 4 */
    assert_true(dtt_hyparview_is_active(&h, &peers[4]));
    prove(4);
    assert_int_equal(h.active.n, 4);
}

static void the_largest_source_makes_room(void **state)
{
    (void)state;
    for (int i = 1; i <= 9; i++) {
        hosts[i] = i < 7 ? 100 : (uint64_t)i;
        networks[i] = i < 7 ? 100 : 200;
    }
    recv_neighbor(1, DTT_GOSSIP_HIGH);
    recv_neighbor(2, DTT_GOSSIP_HIGH);
    recv_neighbor(7, DTT_GOSSIP_HIGH);
    recv_join(8); /* of two from host 100 one goes */
    assert_true(dtt_hyparview_is_active(&h, &peers[7]) && dtt_hyparview_is_active(&h, &peers[8]));
    recv_join(9); /* all from different hosts; 7, 8 and 9 are of one network */
    assert_true(dtt_hyparview_is_active(&h, &peers[1]) || dtt_hyparview_is_active(&h, &peers[2]));
    recv_join(3); /* host 100 again: its other peer goes */
    assert_false(dtt_hyparview_is_active(&h, &peers[1]) || dtt_hyparview_is_active(&h, &peers[2]));
    assert_true(dtt_hyparview_is_active(&h, &peers[3]) && dtt_hyparview_is_active(&h, &peers[9]));
}

static void useless_strangers_go_first(void **state)
{
    (void)state;
    neighbors(3);
    dtt_gossip_view_find(&h.active, &peers[1])->is_useful = true;
    dtt_gossip_view_find(&h.active, &peers[3])->is_silent = true;
    recv_join(4);
    assert_string_equal(active(), "1 2 4");
    recv_join(5);
    recv_join(6);
    assert_true(dtt_hyparview_is_active(&h, &peers[1]));
}

/* Those that come by themselves may keep us from the swarm. */
static void who_is_surrounded_asks_by_itself(void **state)
{
    (void)state;
    for (int i = 1; i <= 24; i++) {
        prove(i);
    }
    neighbors(3);
    assert_true(in_passive(24)); /* its record was read */
    for (int i = 4; i <= 19; i++) {
        assert_int_equal(dtt_requests_count(&h.requests, true), 0);
        recv_join(i);
        assert_int_equal(dtt_requests_count(&h.requests, true), i == 11 || i == 19);
        pass(DTT_S);
    }
    for (size_t i = 0; i < h.active.n; i++) {
        h.active.peers[i].is_useful = true;
    }
    for (int i = 20; i <= 24; i++) {
        recv_join(i);
        assert_int_equal(dtt_requests_count(&h.requests, true), 0);
    }
}

static void proven_peers_are_asked_for(void **state)
{
    (void)state;
    neighbors(3);
    prove(4);
    recv_shuffle(1, -1, 4, 5, 0);
    assert_string_equal(script(), "neighbor(low) > 4");
    recv_neighbor(4, DTT_GOSSIP_LOW);
    assert_int_equal(h.active.n, 3);
    assert_true(dtt_hyparview_is_active(&h, &peers[4]));
}

/* ---- coming and going */

static void flapping_costs(void **state)
{
    (void)state;
    static const int waits_s[] = {0, 1, 2, 4, 8, 16, 32, 64, 64};
    recv_join(1);
    for (size_t i = 0; i < sizeof(waits_s) / sizeof(waits_s[0]); i++) {
        recv_disconnect(1, true);
        if (waits_s[i]) {
            pass((uint64_t)waits_s[i] * DTT_S - DTT_MS);
            recv_neighbor(1, DTT_GOSSIP_LOW);
            recv_join(1);
            assert_string_equal(active(), "");
            pass(DTT_MS);
        }
        recv_neighbor(1, DTT_GOSSIP_HIGH);
        assert_string_equal(active(), "1");
    }
    pass(600 * DTT_S);
    recv_disconnect(1, true);
    recv_neighbor(1, DTT_GOSSIP_HIGH);
    assert_string_equal(active(), "1");
}

/* Others join until peer 4 has lost its place. */
static void crowd_out(int *next)
{
    while (dtt_hyparview_is_active(&h, &peers[4])) {
        recv_join((*next)++);
    }
    script();
}

static void joins_are_rationed(void **state)
{
    (void)state;
    int next = 5;
    neighbors(3);
    for (int i = 0; i < 3; i++) {
        recv_join(4);
        assert_true(dtt_hyparview_is_active(&h, &peers[4]));
        crowd_out(&next);
    }
    pass(10 * DTT_S - DTT_MS);
    recv_join(4);
    recv_neighbor(4, DTT_GOSSIP_HIGH);
    assert_false(dtt_hyparview_is_active(&h, &peers[4]));
    assert_non_null(strstr(script(), "disconnect(alive) > 4"));
    pass(DTT_MS);
    recv_join(4);
    assert_true(dtt_hyparview_is_active(&h, &peers[4]));
    crowd_out(&next);
    connections[4]++; /* it was started again */
    pass(DTT_S);
    recv_join(4);
    assert_true(dtt_hyparview_is_active(&h, &peers[4]));
    /* One that we ask may come at any time. */
    recv_disconnect(4, true);
    recv_disconnect(4, true);
    dtt_hyparview_join(&h, now, &peers[4], false);
    recv_neighbor(4, DTT_GOSSIP_HIGH);
    assert_true(dtt_hyparview_is_active(&h, &peers[4]));
}

static void a_useless_neighbor_is_not_taken_back_for_long(void **state)
{
    (void)state;
    neighbors(3);
    prove(2);
    dtt_hyparview_dismiss(&h, now, &peers[1]);
    assert_string_equal(script(), "down 1 useless; reply(2 nodes) > 1; disconnect(alive) > 1; "
                                  "hang up 1");
    dtt_hyparview_dismiss(&h, now, &peers[2]);
    assert_false(in_passive(1) || in_passive(2));
    assert_int_equal(dtt_hyparview_join(&h, now, &peers[2], false), DTT_OK);
    recv_join(2);
    recv_shuffle(3, -1, 2, 2, 0);
    assert_string_equal(active(), "3");
    assert_false(in_passive(2));
    /* Longer each time, until a while has passed without. */
    for (uint64_t wait_ns = DTT_VISITS_USELESS_NS; wait_ns < 900 * DTT_S; wait_ns *= 2) {
        pass(wait_ns - DTT_MS);
        recv_join(2);
        assert_string_equal(active(), "3");
        pass(DTT_MS);
        recv_join(2);
        assert_string_equal(active(), "2 3");
        dtt_hyparview_dismiss(&h, now, &peers[2]);
    }
    pass(DTT_VISITS_USELESS_MAX_NS + DTT_VISITS_FORGET_NS);
    recv_join(2);
    dtt_hyparview_dismiss(&h, now, &peers[2]);
    pass(DTT_VISITS_USELESS_NS);
    recv_join(2);
    assert_true(dtt_hyparview_is_active(&h, &peers[2]));
}

/* ---- hearsay */

static void one_neighbor_names_at_most_its_share(void **state)
{
    (void)state;
    dtt_hyparview_fini(&h);
    struct dtt_hyparview_config cfg = {
        .me = peers[0], .active_view = 3, .passive_view = 12, .shuffle_ns = 60 * DTT_S};
    static const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    assert_int_equal(dtt_hyparview_init(&h, now, &port, &cfg, hash_key), DTT_OK);
    neighbors(3);
    recv_shuffle(1, -1, 10, 20, 0);
    assert_int_equal(h.passive.n, 8);
    prove(60);
    recv_shuffle(1, -1, 60, 60, 0); /* vouched for */
    assert_int_equal(h.passive.n, 9);
    recv_join(4); /* one of ours goes into the passive view */
    int own =
        dtt_hyparview_is_active(&h, &peers[1]) ? dtt_hyparview_is_active(&h, &peers[2]) ? 3 : 2 : 1;
    assert_true(in_passive(own));
    for (int from = 1; from <= 4; from++) {
        for (int i = 30; i < 60; i += 10) {
            recv_shuffle(from, -1, i, i + 9, 0);
        }
        for (int i = 40; i < 50; i++) {
            recv_shuffle(i, -1, 50, 59, 0); /* strangers */
        }
    }
    assert_int_equal(h.passive.n, 12);
    assert_true(in_passive(60) && in_passive(own));
}

static void names_that_never_answer_are_not_taken(void **state)
{
    (void)state;
    neighbors(1);
    for (int i = 10; i < 18; i++) {
        recv_forward_join(1, i, 0);
        pass(DTT_S);
    }
    script();
    recv_forward_join(1, 20, 0);
    recv_shuffle(1, -1, 21, 22, 0);
    assert_string_equal(script(), "");
    assert_int_equal(h.passive.n, 0);
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_HEARSAY_UNHEEDED], 2);
    pass(600 * DTT_S);
    script();
    recv_forward_join(1, 20, 0);
    assert_string_equal(script(), "neighbor(high) > 20");
    /* An answer, even a late or a bad one, is one. */
    for (int i = 30; i < 36; i++) {
        recv_forward_join(1, i, 0);
        pass(DTT_S);
    }
    recv_forward_join(1, 40, 0);
    pass(DTT_S);
    recv_neighbor(40, DTT_GOSSIP_HIGH);
    recv_disconnect(40, false);
    script();
    recv_forward_join(1, 42, 0);
    assert_string_equal(script(), "neighbor(high) > 42");
}

static void nobody_is_blamed_for_our_budget(void **state)
{
    (void)state;
    neighbors(1);
    recv_shuffle(1, -1, 10, 17, 0);
    for (int i = 0; i < 8; i++) {
        for (int peer = 10; peer < 18; peer++) {
            if (needs(peer)) {
                dtt_hyparview_peer_gone(&h, now, &peers[peer], DTT_REASON_BUDGET);
                assert_true(needs(peer)); /* the next one is not asked at once */
            }
        }
        pass(500 * DTT_MS);
    }
    script();
    recv_forward_join(1, 20, 0);
    assert_string_equal(script(), "neighbor(high) > 20");
}

static void a_dial_on_hearsay_ends(void **state)
{
    (void)state;
    neighbors(1);
    recv_forward_join(1, 10, 0);
    script();
    pass(500 * DTT_MS);
    assert_false(needs(10));
    pass(1499 * DTT_MS);
    assert_string_equal(script(), "");
    pass(DTT_MS);
    assert_string_equal(script(), "hang up 10");
    prove(11);
    recv_forward_join(1, 11, 0);
    script();
    pass(5 * DTT_S);
    assert_string_equal(script(), "");
}

/* ---- PeerData */

static void peer_data_is_passed_on_when_new(void **state)
{
    (void)state;
    struct dtt_gossip_message m = {.type = DTT_MSG_JOIN, .u.join.data = some("A")};
    static char large[DTT_GOSSIP_PEER_DATA_MAX + 2];
    recv(1, &m);
    assert_string_equal(script(), "up 1; data(A) of 1; neighbor(high) > 1");
    m = (struct dtt_gossip_message){.type = DTT_MSG_NEIGHBOR, .u.neighbor.data = some("A")};
    recv(1, &m);
    assert_string_equal(script(), "");
    m.u.neighbor.data = some("B");
    recv(1, &m);
    assert_string_equal(script(), "data(B) of 1");
    m.u.neighbor.data = some("");
    recv(1, &m);
    assert_string_equal(script(), "");
    memset(large, 'x', sizeof(large) - 1);
    m.u.neighbor.data = some(large);
    recv(1, &m);
    assert_string_equal(script(), "");
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_PEER_DATA_REFUSED], 1);
    /* Before the request, so that it can be dialled. */
    m = (struct dtt_gossip_message){
        .type = DTT_MSG_FORWARD_JOIN,
        .u.forward_join = {.peer = {.id = peers[4], .data = some("D")}}};
    recv(1, &m);
    assert_string_equal(script(), "data(D) of 4; neighbor(high) > 4");
}

static void data_follows_a_peer_through_the_views(void **state)
{
    (void)state;
    struct dtt_gossip_message m = {.type = DTT_MSG_NEIGHBOR, .u.neighbor.data = some("A")};
    recv(1, &m);
    recv_disconnect(1, true);
    script();
    m.u.neighbor.data.is_some = false;
    recv(1, &m);
    assert_string_equal(script(), "up 1; neighbor(high) > 1");
    recv_join(2);
    script();
    const struct dtt_gossip_blob *data = dtt_gossip_view_find(&h.active, &peers[1])->data;
    assert_true(dtt_slice_is(dtt_gossip_blob_slice(data), "A"));
}

static void hearsay_does_not_overrule(void **state)
{
    (void)state;
    struct dtt_gossip_message m = {.type = DTT_MSG_NEIGHBOR, .u.neighbor.data = some("A")};
    recv(1, &m);
    m.u.neighbor.data = some("");
    recv(2, &m);
    script();
    m = (struct dtt_gossip_message){.type = DTT_MSG_SHUFFLE_REPLY, .u.shuffle.n = 2};
    m.u.shuffle.nodes[0] = (struct dtt_gossip_node){.id = peers[1], .data = some("X")};
    m.u.shuffle.nodes[1] = (struct dtt_gossip_node){.id = peers[2], .data = some("X")};
    recv(2, &m);
    assert_string_equal(script(), "data(X) of 2");
}

static void own_echo_is_ignored(void **state)
{
    (void)state;
    recv_join(0);
    recv_neighbor(0, DTT_GOSSIP_HIGH);
    assert_string_equal(script(), "");
    assert_int_equal(h.active.n, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(join_is_sent_once),
        T(a_full_view_asks_instead),
        T(unanswered_join),
        T(join_is_answered_and_forwarded),
        T(join_evicts_when_full),
        T(forward_join_ends_in_a_request),
        T(forward_join_walks),
        T(forward_join_of_a_neighbor),
        T(neighbor_is_answered_once),
        T(late_answer_does_not_start_over),
        T(low_priority_is_refused_when_full),
        T(disconnect_keeps_who_is_alive),
        T(closed_neighbor_is_replaced),
        T(requests_time_out),
        T(refusal_while_alone),
        T(stranger_says_goodbye),
        T(yes_without_words),
        T(one_sided_link_is_ended),
        T(links_are_confirmed),
        T(quit_says_goodbye),
        T(quit_takes_back_what_was_asked),
        T(shuffle_is_sent_every_minute),
        T(shuffle_walks_and_is_answered),
        T(answers_to_strangers_are_bounded),
        T(strangers_are_hung_up_on),
        T(passive_view_is_bounded),
        T(requests_are_bounded),
        T(strangers_leave_places_to_the_proven),
        T(a_stranger_that_proves_itself_moves_over),
        T(the_largest_source_makes_room),
        T(useless_strangers_go_first),
        T(proven_peers_are_asked_for),
        T(who_is_surrounded_asks_by_itself),
        T(flapping_costs),
        T(joins_are_rationed),
        T(a_useless_neighbor_is_not_taken_back_for_long),
        T(one_neighbor_names_at_most_its_share),
        T(names_that_never_answer_are_not_taken),
        T(a_dial_on_hearsay_ends),
        T(nobody_is_blamed_for_our_budget),
        T(a_shuffle_fits_a_frame),
        T(peer_data_is_passed_on_when_new),
        T(data_follows_a_peer_through_the_views),
        T(hearsay_does_not_overrule),
        T(own_echo_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
