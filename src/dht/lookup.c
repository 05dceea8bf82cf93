/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/lookup.h"

#include "base/array.h"
#include "dht/node_id.h"

#include <assert.h>
#include <stdlib.h>

#define BIT(state) (1u << DTT_LOOKUP_NODE_##state)

static bool is_in(const struct dtt_lookup_node *node, unsigned states)
{
    return states >> node->state & 1u;
}

static bool is_in_flight(const struct dtt_lookup_node *node)
{
    return is_in(node, BIT(ASKED) | BIT(RETELLING));
}

bool dtt_lookup_is_retelling(const struct dtt_lookup_node *node)
{
    return is_in(node, BIT(RETELL) | BIT(RETELLING) | BIT(RETELL_SLOW));
}

void dtt_lookup_init(struct dtt_lookup *lookup, const uint8_t target[DTT_NODE_ID_BYTES],
                     size_t width)
{
    memset(lookup, 0, sizeof(*lookup));
    memcpy(lookup->target, target, DTT_NODE_ID_BYTES);
    lookup->width = width;
    lookup->budget = DTT_LOOKUP_QUERIES;
    lookup->is_improving = true;
}

void dtt_lookup_fini(struct dtt_lookup *lookup)
{
    free(lookup->nodes);
    lookup->nodes = NULL;
    lookup->n = 0;
    lookup->cap = 0;
}

struct dtt_lookup_node *dtt_lookup_find(const struct dtt_lookup *lookup,
                                        const struct dtt_addr *addr)
{
    for (size_t i = 0; i < lookup->n; i++) {
        if (dtt_addr_eq(&lookup->nodes[i].addr, addr)) {
            return &lookup->nodes[i];
        }
    }
    return NULL;
}

static bool is_same_network(const struct dtt_addr *a, const struct dtt_addr *b)
{
    return memcmp(a->ip, b->ip, a->family == DTT_FAMILY_V4 ? 3 : 8) == 0;
}

#define NEVER_BELIEVED UINT8_MAX /* as a number of lies */

/* All of its contacts that were asked were silent, or it is one of a crowd. */
static bool is_liar(const struct dtt_lookup *lookup, uint8_t teller)
{
    return lookup->silent[teller] == NEVER_BELIEVED ||
           (teller > 0 && lookup->silent[teller] >= DTT_LOOKUP_LIES && lookup->proven[teller] == 0);
}

/* The distance of two ids as a number, exact enough to compare magnitudes. */
static double distance(const uint8_t *a, const uint8_t *b)
{
    double d = 0;
    for (size_t i = 0; i < DTT_NODE_ID_BYTES; i++) {
        d = d * 256 + (double)(a[i] ^ b[i]);
    }
    return d;
}

bool dtt_lookup_is_crowd(const struct dtt_lookup *lookup, const struct dtt_lookup_node *node)
{
    return lookup->crowd_distance > 0 &&
           distance(lookup->target, node->id) < lookup->crowd_distance;
}

/* One network has its share of the nodes already. */
static bool is_refused(const struct dtt_lookup *lookup, const struct dtt_addr *addr)
{
    size_t network = 0;
    for (size_t i = 0; i < lookup->n; i++) {
        const struct dtt_lookup_node *node = &lookup->nodes[i];
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): the array is there when n > 0 */
        network += node->state != DTT_LOOKUP_NODE_DEAD && is_same_network(&node->addr, addr);
    }
    return dtt_addr_scope(addr) == DTT_SCOPE_GLOBAL && network >= DTT_LOOKUP_PER_NETWORK;
}

/* The only way a state changes; counts what is in flight. */
static void enter(struct dtt_lookup *lookup, struct dtt_lookup_node *node,
                  enum dtt_lookup_node_state state)
{
    static const uint8_t followed_by[] = {
        [DTT_LOOKUP_NODE_FRESH] =
            BIT(ASKED) | BIT(ANSWERED) | BIT(DEAD), /* or else it was forgotten and named again */
        [DTT_LOOKUP_NODE_ASKED] = BIT(SLOW) | BIT(ANSWERED) | BIT(DEAD),
        [DTT_LOOKUP_NODE_SLOW] = BIT(ASKED) | BIT(ANSWERED) | BIT(DEAD),
        [DTT_LOOKUP_NODE_ANSWERED] = BIT(RETELL),
        [DTT_LOOKUP_NODE_DEAD] = BIT(ANSWERED),
        [DTT_LOOKUP_NODE_RETELL] = BIT(RETELLING) | BIT(ANSWERED),
        [DTT_LOOKUP_NODE_RETELLING] = BIT(RETELL_SLOW) | BIT(ANSWERED),
        [DTT_LOOKUP_NODE_RETELL_SLOW] = BIT(RETELLING) | BIT(ANSWERED),
    };
    assert(followed_by[node->state] >> state & 1u);
    (void)followed_by;
    if (is_in_flight(node)) {
        assert(lookup->in_flight > 0);
        lookup->in_flight--;
    }
    node->state = (uint8_t)state;
    lookup->in_flight += is_in_flight(node);
}

static bool is_waiting(const struct dtt_lookup_node *node)
{
    return node->state == DTT_LOOKUP_NODE_FRESH;
}

/* The teller with most contacts not asked yet. */
static uint8_t loudest(const struct dtt_lookup *lookup)
{
    uint8_t waiting[DTT_LOOKUP_TELLERS] = {0};
    uint8_t most = 0;
    for (size_t i = 0; i < lookup->n; i++) {
        const struct dtt_lookup_node *node = &lookup->nodes[i];
        if (is_waiting(node) && ++waiting[node->named_by] > waiting[most]) {
            most = node->named_by;
        }
    }
    return most;
}

/*
 * Makes room: forgets a dead node, or the farthest one not yet asked of the teller that named most,
 * so that no teller pushes out what others say.
 */
static bool make_room(struct dtt_lookup *lookup, const struct dtt_lookup_node *fresh)
{
    uint8_t teller = loudest(lookup);
    size_t out = lookup->n;
    for (size_t i = 0; i < lookup->n; i++) {
        if (lookup->nodes[i].state == DTT_LOOKUP_NODE_DEAD) {
            out = i;
            break;
        }
        if (is_waiting(&lookup->nodes[i]) && lookup->nodes[i].named_by == teller) {
            out = i;
        }
    }
    if (out == lookup->n ||
        (lookup->nodes[out].state != DTT_LOOKUP_NODE_DEAD && fresh->named_by == teller &&
         dtt_node_id_cmp(lookup->target, fresh->id, lookup->nodes[out].id) > 0)) {
        return false;
    }
    dtt_array_remove(lookup->nodes, &lookup->n, sizeof(*lookup->nodes), out);
    return true;
}

/* Inserts by distance; there is room. Returns its place. */
static size_t insert(struct dtt_lookup *lookup, const struct dtt_lookup_node *node)
{
    size_t at = lookup->n;
    while (at > 0 && dtt_node_id_cmp(lookup->target, node->id, lookup->nodes[at - 1].id) < 0) {
        at--;
    }
    memmove(&lookup->nodes[at + 1], &lookup->nodes[at], (lookup->n - at) * sizeof(*lookup->nodes));
    lookup->nodes[at] = *node;
    lookup->n++;
    return at;
}

struct dtt_lookup_node *dtt_lookup_rename(struct dtt_lookup *lookup, struct dtt_lookup_node *node,
                                          const uint8_t id[DTT_NODE_ID_BYTES])
{
    struct dtt_lookup_node copy = *node;
    if (memcmp(node->id, id, DTT_NODE_ID_BYTES) == 0) {
        return node;
    }
    memcpy(copy.id, id, DTT_NODE_ID_BYTES);
    dtt_array_remove(lookup->nodes, &lookup->n, sizeof(*node), (size_t)(node - lookup->nodes));
    return &lookup->nodes[insert(lookup, &copy)];
}

/* Another teller names a known node: its word may be the better one. */
static void hear_again(struct dtt_lookup *lookup, struct dtt_lookup_node *known,
                       const struct dtt_lookup_node *fresh)
{
    bool is_nearer = dtt_node_id_cmp(lookup->target, fresh->id, known->id) < 0;
    if (is_liar(lookup, known->named_by) || (is_waiting(known) && is_nearer)) {
        known->named_by = fresh->named_by;
    }
    if (is_waiting(known) && is_nearer) { /* it tells its true id when it is asked */
        known = dtt_lookup_rename(lookup, known, fresh->id);
        lookup->is_improving =
            lookup->is_improving || (size_t)(known - lookup->nodes) < lookup->width;
    }
}

static bool add(struct dtt_lookup *lookup, const struct dtt_lookup_node *fresh)
{
    if (is_liar(lookup, fresh->named_by)) {
        return false;
    }
    struct dtt_lookup_node *known = dtt_lookup_find(lookup, &fresh->addr);
    if (known) {
        hear_again(lookup, known, fresh);
        return false;
    }
    if (is_refused(lookup, &fresh->addr) ||
        (lookup->n == DTT_LOOKUP_NODES && !make_room(lookup, fresh))) {
        return false;
    }
    struct dtt_lookup_node *nodes =
        dtt_array_room(lookup->nodes, lookup->n, &lookup->cap, sizeof(*nodes));
    if (!nodes) {
        return false;
    }
    lookup->nodes = nodes;
    if (insert(lookup, fresh) < lookup->width) {
        lookup->is_improving = true;
    }
    return true;
}

bool dtt_lookup_add(struct dtt_lookup *lookup, const uint8_t id[DTT_NODE_ID_BYTES],
                    const struct dtt_addr *addr, uint8_t named_by)
{
    struct dtt_lookup_node node = {.addr = *addr, .named_by = named_by};
    memcpy(node.id, id, sizeof(node.id));
    return add(lookup, &node);
}

bool dtt_lookup_add_answered(struct dtt_lookup *lookup, const struct dtt_lookup_node *node)
{
    struct dtt_lookup_node copy = *node;
    copy.state = DTT_LOOKUP_NODE_ANSWERED;
    copy.named_by = 0;
    copy.teller = 0;
    return add(lookup, &copy);
}

/* Should be asked, for the first time or again. Nobody is asked on the word of a liar. */
static bool is_wanted(const struct dtt_lookup *lookup, const struct dtt_lookup_node *node)
{
    return is_in(node, BIT(RETELL) | BIT(RETELL_SLOW)) ||
           (is_in(node, BIT(FRESH) | BIT(SLOW)) && !is_liar(lookup, node->named_by));
}

/* Will be asked: there are queries left for it. */
static bool is_open(const struct dtt_lookup *lookup, const struct dtt_lookup_node *node)
{
    bool is_exhausted = lookup->queries >= DTT_LOOKUP_QUERIES ||
                        lookup->queries >= lookup->budget + lookup->dead_queries;
    return is_wanted(lookup, node) && (dtt_lookup_is_retelling(node) || !is_exhausted);
}

/* Takes one of the `width` places: neither dead nor known to be of no use. */
static bool counts(const struct dtt_lookup *lookup, const struct dtt_lookup_node *node)
{
    if (node->state == DTT_LOOKUP_NODE_ANSWERED) {
        return !dtt_lookup_is_crowd(lookup, node) && (!lookup->needs_token || node->token_len > 0);
    }
    return is_in_flight(node) || is_open(lookup, node);
}

/* The farthest of the `width` closest that count or would; NULL when there are not as many. */
static const struct dtt_lookup_node *last_of_width(const struct dtt_lookup *lookup)
{
    size_t rank = 0;
    for (size_t i = 0; i < lookup->n; i++) {
        rank += counts(lookup, &lookup->nodes[i]) || is_wanted(lookup, &lookup->nodes[i]);
        if (rank == lookup->width) {
            return &lookup->nodes[i];
        }
    }
    return NULL;
}

void dtt_lookup_set_neighbourhood(struct dtt_lookup *lookup, const uint8_t self[DTT_NODE_ID_BYTES],
                                  const uint8_t neighbour[DTT_NODE_ID_BYTES])
{
    lookup->neighbour_distance = distance(self, neighbour) / DTT_LOOKUP_NEIGHBOURS;
}

/* The closest known are so close that no answer can name much closer ones. */
static bool is_near(const struct dtt_lookup *lookup)
{
    const struct dtt_lookup_node *last =
        lookup->neighbour_distance > 0 ? last_of_width(lookup) : NULL;
    return last && distance(lookup->target, last->id) <
                       DTT_LOOKUP_NEAR * lookup->neighbour_distance * (double)lookup->width;
}

/*
 * All of the `width` closest are asked in the end; those known to be quick come first, so that
 * first values and closer contacts come early.
 */
struct dtt_lookup_node *dtt_lookup_next(struct dtt_lookup *lookup)
{
    size_t limit = lookup->is_improving && !is_near(lookup) ? DTT_LOOKUP_ALPHA : lookup->width;
    struct dtt_lookup_node *next = NULL;
    size_t rank = 0;
    if (lookup->in_flight >= limit) {
        return NULL;
    }
    for (size_t i = 0; i < lookup->n && rank < lookup->width; i++) {
        struct dtt_lookup_node *node = &lookup->nodes[i];
        if (is_open(lookup, node) && (!next || node->rtt_us < next->rtt_us)) {
            next = node;
        }
        rank += counts(lookup, node);
    }
    return next;
}

void dtt_lookup_sent(struct dtt_lookup *lookup, struct dtt_lookup_node *node)
{
    bool is_again = dtt_lookup_is_retelling(node);
    lookup->asked += node->state == DTT_LOOKUP_NODE_FRESH;
    lookup->queries += !is_again; /* the others are few: width * DTT_WALK_SIBLING_ROUNDS at most */
    node->sends++;
    enter(lookup, node, is_again ? DTT_LOOKUP_NODE_RETELLING : DTT_LOOKUP_NODE_ASKED);
}

static void count_up(uint8_t *n)
{
    *n = (uint8_t)(*n + (*n < NEVER_BELIEVED - 1));
}

bool dtt_lookup_answered(struct dtt_lookup *lookup, struct dtt_lookup_node *node)
{
    if (node->state == DTT_LOOKUP_NODE_ANSWERED) {
        return false;
    }
    enter(lookup, node, DTT_LOOKUP_NODE_ANSWERED);
    if (node->teller == 0) {
        lookup->answered++;
        count_up(&lookup->proven[node->named_by]);
        node->teller =
            lookup->n_tellers + 1 < DTT_LOOKUP_TELLERS ? ++lookup->n_tellers : lookup->n_tellers;
        if (dtt_lookup_is_crowd(lookup, node)) {
            lookup->silent[node->teller] = NEVER_BELIEVED;
        }
    }
    lookup->is_improving = false;
    return true;
}

void dtt_lookup_ask_again(struct dtt_lookup *lookup, struct dtt_lookup_node *node)
{
    enter(lookup, node, DTT_LOOKUP_NODE_RETELL);
    node->sends = 0;
}

/* Stops waiting for a node. If it was only being asked again, its first answer counts. */
static void give_up(struct dtt_lookup *lookup, struct dtt_lookup_node *node)
{
    if (dtt_lookup_is_retelling(node)) {
        enter(lookup, node, DTT_LOOKUP_NODE_ANSWERED);
    } else {
        enter(lookup, node, DTT_LOOKUP_NODE_DEAD);
        lookup->dead_queries += node->sends;
    }
}

bool dtt_lookup_slow(struct dtt_lookup *lookup, struct dtt_lookup_node *node)
{
    bool is_again = dtt_lookup_is_retelling(node);
    if (!is_in_flight(node)) {
        return false;
    }
    if (node->sends == DTT_LOOKUP_SENDS) {
        give_up(lookup, node);
        return !is_again;
    }
    enter(lookup, node, is_again ? DTT_LOOKUP_NODE_RETELL_SLOW : DTT_LOOKUP_NODE_SLOW);
    if (!is_again) {
        count_up(&lookup->silent[node->named_by]);
    }
    return false;
}

void dtt_lookup_dead(struct dtt_lookup *lookup, struct dtt_lookup_node *node)
{
    if (!is_in(node, BIT(ANSWERED) | BIT(DEAD))) {
        give_up(lookup, node);
    }
}

void dtt_lookup_end(struct dtt_lookup *lookup)
{
    for (size_t i = 0; i < lookup->n; i++) {
        if (dtt_lookup_is_retelling(&lookup->nodes[i])) {
            give_up(lookup, &lookup->nodes[i]);
        }
    }
}

bool dtt_lookup_is_done(const struct dtt_lookup *lookup)
{
    size_t rank = 0;
    for (size_t i = 0; i < lookup->n && rank < lookup->width; i++) {
        if (!counts(lookup, &lookup->nodes[i])) {
            continue;
        }
        if (lookup->nodes[i].state != DTT_LOOKUP_NODE_ANSWERED) {
            return false;
        }
        rank++;
    }
    return true;
}

bool dtt_lookup_beyond(const struct dtt_lookup *lookup, size_t rank, uint8_t ret[DTT_NODE_ID_BYTES])
{
    const struct dtt_lookup_node *last = NULL;
    size_t dead = 0;
    for (size_t i = 0; i < lookup->n && rank > 0; i++) {
        if (!is_liar(lookup, lookup->nodes[i].named_by)) {
            last = &lookup->nodes[i];
            dead += last->state == DTT_LOOKUP_NODE_DEAD;
            rank--;
        }
    }
    if (rank > 0 || dead == 0) {
        return false;
    }
    /* Nodes that share exactly as many bits with the target as the last one are sorted by their
     * distance to this as they are by their distance to the target. */
    unsigned bit = dtt_node_id_common(lookup->target, last->id);
    memcpy(ret, lookup->target, DTT_NODE_ID_BYTES);
    if (bit < DTT_NODE_ID_BITS) {
        ret[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
    }
    return true;
}

bool dtt_lookup_avoid_crowd(struct dtt_lookup *lookup, const uint8_t self[DTT_NODE_ID_BYTES],
                            const uint8_t neighbour[DTT_NODE_ID_BYTES])
{
    const struct dtt_lookup_node *last = last_of_width(lookup);
    double crowded = distance(self, neighbour) / DTT_LOOKUP_CROWDED;
    if (!last || lookup->crowd_distance > 0 ||
        distance(lookup->target, last->id) >=
            crowded * (double)lookup->width / DTT_LOOKUP_NEIGHBOURS) {
        return false;
    }
    lookup->crowd_distance = crowded;
    lookup->queries = 0; /* each of the two looks has its own bound */
    lookup->dead_queries = 0;
    for (size_t i = 0; i < lookup->n; i++) {
        if (lookup->nodes[i].teller > 0 && dtt_lookup_is_crowd(lookup, &lookup->nodes[i])) {
            lookup->silent[lookup->nodes[i].teller] = NEVER_BELIEVED;
        }
    }
    return true;
}

bool dtt_lookup_has_answers(const struct dtt_lookup *lookup)
{
    for (size_t i = 0; i < lookup->n; i++) {
        if (lookup->nodes[i].state == DTT_LOOKUP_NODE_ANSWERED) {
            return true;
        }
    }
    return false;
}

void dtt_lookup_compact(struct dtt_lookup *lookup, size_t max)
{
    size_t kept = 0;
    for (size_t i = 0; i < lookup->n && kept < max; i++) {
        if (lookup->nodes[i].state == DTT_LOOKUP_NODE_ANSWERED) {
            lookup->nodes[kept++] = lookup->nodes[i];
        }
    }
    lookup->n = kept;
    lookup->in_flight = 0;
    if (kept == 0) {
        dtt_lookup_fini(lookup);
        return;
    }
    struct dtt_lookup_node *node = realloc(lookup->nodes, kept * sizeof(*node));
    if (node) {
        lookup->nodes = node;
        lookup->cap = kept;
    }
}

bool dtt_lookup_is_sound(const struct dtt_lookup *lookup)
{
    size_t in_flight = 0;
    for (size_t i = 0; i < lookup->n; i++) {
        const struct dtt_lookup_node *node = &lookup->nodes[i];
        if (i > 0 && dtt_node_id_cmp(lookup->target, node[-1].id, node->id) > 0) {
            return false;
        }
        in_flight += is_in_flight(node);
    }
    return lookup->n <= DTT_LOOKUP_NODES && lookup->in_flight == in_flight;
}
