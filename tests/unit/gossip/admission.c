/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/admission.h"

#include "script.h"

#define PLACES 5

static struct dtt_gossip_peer room[16];
static struct dtt_gossip_view view;

/* An empty view with room for `max`. */
static void open_view(size_t max)
{
    script_open();
    (void)script;
    (void)port;
    view = (struct dtt_gossip_view){.max = max, .peers = room};
}

static struct dtt_gossip_peer *add(int peer)
{
    return dtt_gossip_view_add(&view, &peers[peer]);
}

static struct dtt_gossip_peer newcomer(bool is_proven)
{
    return (struct dtt_gossip_peer){.id = peers[20], .is_proven = is_proven};
}

static void places(void **state)
{
    static const struct {
        int proven, strangers;
        enum dtt_gossip_room for_proven, for_stranger;
    } cases[] = {{0, 4, DTT_ROOM_FREE, DTT_ROOM_FREE},
                 {0, 5, DTT_ROOM_STRANGER_GOES, DTT_ROOM_STRANGER_GOES},
                 {2, 2, DTT_ROOM_FREE, DTT_ROOM_FREE},
                 {2, 3, DTT_ROOM_STRANGER_GOES, DTT_ROOM_STRANGER_GOES},
                 {3, 2, DTT_ROOM_FREE, DTT_ROOM_STRANGER_GOES},
                 {5, 0, DTT_ROOM_PROVEN_GOES, DTT_ROOM_FREE},
                 {5, 2, DTT_ROOM_PROVEN_GOES, DTT_ROOM_STRANGER_GOES}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        open_view(7);
        for (int k = 0; k < cases[i].proven + cases[i].strangers; k++) {
            add(k + 1)->is_proven = k < cases[i].proven;
        }
        struct dtt_gossip_peer proven = newcomer(true);
        struct dtt_gossip_peer stranger = newcomer(false);
        assert_int_equal(dtt_admission_room(&view, PLACES, &proven), cases[i].for_proven);
        assert_int_equal(dtt_admission_room(&view, PLACES, &stranger), cases[i].for_stranger);
    }
}

static int victim_of(enum dtt_gossip_room which, const struct dtt_gossip_peer *in)
{
    return script_peer(&dtt_admission_victim(&view, which, in, &rng)->id);
}

static void victims(void **state)
{
    (void)state;
    struct dtt_gossip_peer in;
    open_view(7);
    in = newcomer(false);
    for (int i = 1; i <= 4; i++) {
        add(i)->is_proven = i == 1;
    }
    assert_int_equal(victim_of(DTT_ROOM_PROVEN_GOES, &in), 1);
    room[1].is_useful = room[2].is_useful = true;
    assert_int_equal(victim_of(DTT_ROOM_STRANGER_GOES, &in), 4);
    room[1].is_silent = true; /* whatever it brought once */
    assert_int_equal(victim_of(DTT_ROOM_STRANGER_GOES, &in), 2);
    /* Rank before source; the network counts where hosts tell nothing. */
    room[1].is_silent = room[1].is_useful = room[2].is_useful = false;
    room[1].network = room[2].network = 9;
    for (int i = 0; i < 20; i++) {
        assert_int_not_equal(victim_of(DTT_ROOM_STRANGER_GOES, &in), 4);
    }
    room[3].host = in.host = 8; /* two of that host with the newcomer */
    assert_int_equal(victim_of(DTT_ROOM_STRANGER_GOES, &in), 4);
    /* Of strangers alike any goes, of proven peers one of those that came later. */
    open_view(7);
    in = newcomer(true);
    for (int i = 1; i <= 5; i++) {
        add(i)->is_proven = true;
        room[i - 1].came_ns = (uint64_t)(10 - i);
    }
    for (int i = 0; i < 50; i++) {
        assert_in_range(victim_of(DTT_ROOM_PROVEN_GOES, &in), 1, 3);
    }
    room[4].is_useful = true;
    room[3].is_silent = true;
    assert_int_equal(victim_of(DTT_ROOM_PROVEN_GOES, &in), 4);
    /* Never the newcomer itself, when it is there already. */
    open_view(7);
    add(1)->is_proven = true;
    add(2);
    add(3);
    add(4);
    room[3].is_proven = true;
    assert_int_equal(victim_of(DTT_ROOM_PROVEN_GOES, &room[3]), 1);
}

static struct dtt_gossip_peer *add_hearsay(int peer, int via)
{
    struct dtt_gossip_peer *p = add(peer);
    p->is_hearsay = true;
    p->via = peers[via];
    return p;
}

static void passive_victims(void **state)
{
    (void)state;
    open_view(10);
    struct dtt_gossip_peer in = newcomer(false);
    in.is_hearsay = true;
    in.via = peers[30];
    for (int i = 1; i <= 7; i++) {
        add_hearsay(i, 30);
    }
    assert_null(dtt_admission_passive_victim(&view, &in, &rng));
    add_hearsay(8, 30);
    assert_non_null(dtt_admission_passive_victim(&view, &in, &rng)); /* its share is used up */
    in.via = peers[31];
    assert_null(dtt_admission_passive_victim(&view, &in, &rng));
    add_hearsay(9, 31);
    add(10);
    int went = script_peer(&dtt_admission_passive_victim(&view, &in, &rng)->id);
    assert_true(went >= 1 && went <= 8); /* the neighbour that named most */
    for (int i = 0; i < 9; i++) {
        room[i].is_hearsay = false;
    }
    room[4].is_hearsay = true; /* before experience */
    assert_int_equal(script_peer(&dtt_admission_passive_victim(&view, &in, &rng)->id), 5);
    for (int i = 0; i < 10; i++) {
        room[i].is_hearsay = false;
        room[i].is_proven = i != 6; /* and that before the proven */
    }
    assert_int_equal(script_peer(&dtt_admission_passive_victim(&view, &in, &rng)->id), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(places), cmocka_unit_test(victims),
                                       cmocka_unit_test(passive_victims)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
