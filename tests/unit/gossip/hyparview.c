/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "hyparview_script.h"

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
    /* And again at once: it is told where it stands, and nobody is set in motion. */
    connections[2]++;
    recv_join(2);
    assert_string_equal(script(), "neighbor(high) > 2");
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

/* Without a neighbour the caller is told, so that it may join another one, or this one later. */
static void a_refused_join_is_told(void **state)
{
    (void)state;
    dtt_hyparview_join(&h, now, &peers[5], false);
    assert_string_equal(script(), "join > 5");
    recv_disconnect(5, true);
    assert_string_equal(script(), "refused 5");
    recv_disconnect(5, true); /* once */
    assert_string_equal(script(), "");
    /* One that came and went too often is not joined by us either. */
    for (int i = 0; i < 2; i++) {
        recv_join(5);
        script();
        recv_disconnect(5, true);
        script();
    }
    dtt_hyparview_join(&h, now, &peers[5], false);
    assert_string_equal(script(), "refused 5");
    neighbors(1);
    dtt_hyparview_join(&h, now, &peers[5], false);
    dtt_hyparview_join(&h, now, &peers[6], false);
    assert_string_equal(script(), "join > 6");
    recv_disconnect(6, true); /* nothing is lacking */
    assert_string_equal(script(), "");
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

/* Peer 2 has nothing to say but the answers that it owes; 1 speaks; 3 has stopped. */
static void a_quiet_neighbor_is_asked_and_a_mute_one_told(void **state)
{
    (void)state;
    neighbors(3);
    for (int minute = 1; minute <= 5; minute++) {
        pass(30 * DTT_S);
        dtt_hyparview_heard(&h, now, &peers[1]);
        pass(30 * DTT_S);
        char text[1024];
        snprintf(text, sizeof(text), "%s", script());
        assert_null(strstr(text, "shuffle(0, 0 nodes, ttl 0) > 1"));
        assert_int_equal(strstr(text, "shuffle(0, 0 nodes, ttl 0) > 2") != NULL, minute % 2 == 0);
        assert_int_equal(strstr(text, "shuffle(0, 0 nodes, ttl 0) > 3") != NULL, minute == 2);
        assert_null(strstr(text, "mute 1"));
        assert_null(strstr(text, "mute 2"));
        assert_int_equal(strstr(text, "mute 3") != NULL, minute > 2);
        if (minute % 2 == 0) {
            recv_shuffle(2, -1, 1, 0, 0);
            dtt_hyparview_heard(&h, now, &peers[2]);
        }
    }
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

/* What one neighbour sends on must not drown another. */
static void walks_of_a_neighbor_are_bounded(void **state)
{
    (void)state;
    neighbors(2);
    size_t n = 0;
    for (int i = 0; i < 1000; i++) {
        recv_shuffle(1, 9, 10, 12, 4);
        n += strstr(script(), "> 2") != NULL;
    }
    assert_int_equal(n, 256);
    now.mono_ns += DTT_S;
    for (int i = 0; i < 1000; i++) {
        recv_shuffle(1, 9, 10, 12, 4);
        n += strstr(script(), "> 2") != NULL;
    }
    assert_int_equal(n, 256 + 16);
    recv_shuffle(2, 9, 10, 12, 4); /* another one's walks go on */
    assert_non_null(strstr(script(), "> 1"));
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
        T(walks_of_a_neighbor_are_bounded),
        T(neighbor_is_answered_once),
        T(late_answer_does_not_start_over),
        T(low_priority_is_refused_when_full),
        T(disconnect_keeps_who_is_alive),
        T(closed_neighbor_is_replaced),
        T(requests_time_out),
        T(refusal_while_alone),
        T(a_refused_join_is_told),
        T(stranger_says_goodbye),
        T(yes_without_words),
        T(one_sided_link_is_ended),
        T(links_are_confirmed),
        T(quit_says_goodbye),
        T(quit_takes_back_what_was_asked),
        T(shuffle_is_sent_every_minute),
        T(a_quiet_neighbor_is_asked_and_a_mute_one_told),
        T(shuffle_walks_and_is_answered),
        T(answers_to_strangers_are_bounded),
        T(strangers_are_hung_up_on),
        T(passive_view_is_bounded),
        T(requests_are_bounded),
        T(a_shuffle_fits_a_frame),
        T(peer_data_is_passed_on_when_new),
        T(data_follows_a_peer_through_the_views),
        T(hearsay_does_not_overrule),
        T(own_echo_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
