/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/relays.h"

#include <stdio.h>
#include <stdlib.h>

#define NOWHERE DTT_RELAYS_PLACES

struct dtt_relays_peer {
    struct dtt_list_link by_use;
    struct dtt_id id;
    uint8_t end[8];
    size_t relay; /* it was last heard on; NOWHERE: on none */
};

void dtt_relays_init(struct dtt_relays *r, struct dtt_ctx *ctx, const char *const *urls, size_t n,
                     const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    assert(n <= DTT_RELAYS_MAX);
    *r = (struct dtt_relays){.ctx = ctx, .n = n, .home = n};
    for (size_t i = 0; i < n; i++) {
        snprintf(r->list[i].url, sizeof(r->list[i].url), "%.*s", (int)dtt_url_bare_len(urls[i]),
                 urls[i]);
    }
    dtt_map_init(&r->peers, sizeof(struct dtt_id), DTT_RELAYS_PEERS, hash_key);
    dtt_map_init(&r->ends, sizeof(uint64_t), DTT_RELAYS_PEERS, hash_key);
}

void dtt_relays_keep(struct dtt_relays *r, bool (*is_linked)(void *user, const struct dtt_id *id),
                     bool (*is_relayed)(void *user, const struct dtt_id *id), void *user)
{
    r->is_linked = is_linked;
    r->is_relayed = is_relayed;
    r->user = user;
}

static void forget(struct dtt_relays *r, struct dtt_relays_peer *peer)
{
    dtt_map_take(&r->peers, &peer->id);
    dtt_map_take(&r->ends, peer->end);
    dtt_list_remove(&peer->by_use);
    free(peer);
}

static struct dtt_relays_peer *oldest(const struct dtt_list *share)
{
    return DTT_LIST_OWNER(share->head, struct dtt_relays_peer, by_use);
}

void dtt_relays_fini(struct dtt_relays *r)
{
    for (size_t i = 0; i <= NOWHERE; i++) {
        while (r->shares[i].head) {
            forget(r, oldest(&r->shares[i]));
        }
    }
    dtt_map_fini(&r->peers);
    dtt_map_fini(&r->ends);
}

/* ---- relays that only peers name */

static bool is_same(const char *text, const struct dtt_url *url)
{
    struct dtt_url other;
    return dtt_url_parse(text, &other) == DTT_OK && other.is_tls == url->is_tls &&
           other.port == url->port && strcmp(other.host, url->host) == 0;
}

/* The place of the relay that a URL names; NOWHERE: it has none. */
static size_t place_of(const struct dtt_relays *r, const char *text)
{
    struct dtt_url url;
    size_t i = 0;
    if (!text || dtt_url_parse(text, &url) != DTT_OK) {
        return NOWHERE;
    }
    while (i < NOWHERE && !is_same(r->list[i].url, &url)) {
        i++;
    }
    return i;
}

/* By itself a node asks no server; and none without TLS where all that were given have it. */
static bool may_be_used(const struct dtt_relays *r, struct dtt_now now, const struct dtt_url *url)
{
    struct dtt_url given;
    bool is_any_up = false, is_tls_needed = true;
    for (size_t i = 0; i < r->n; i++) {
        is_any_up |= r->list[i].has_served;
        is_tls_needed &= dtt_url_parse(r->list[i].url, &given) != DTT_OK || given.is_tls;
    }
    for (size_t i = 0; i < DTT_RELAYS_SHUNNED; i++) {
        const struct dtt_relays_shunned *s = &r->shunned[i];
        if (now.mono_ns < s->until_ns && is_same(s->url, url)) {
            return false;
        }
    }
    return is_any_up && (url->is_tls || !is_tls_needed) &&
           r->pace_ns <= now.mono_ns + (DTT_RELAYS_FOREIGN - 1) * DTT_RELAYS_PACE_NS;
}

void dtt_relays_want(struct dtt_relays *r, struct dtt_now now, const char *text)
{
    struct dtt_url url;
    size_t i = DTT_RELAYS_MAX;
    if (dtt_url_parse(text, &url) != DTT_OK || place_of(r, text) < NOWHERE) {
        return;
    }
    while (i < NOWHERE && r->list[i].serial) {
        i++;
    }
    if (i == NOWHERE || !may_be_used(r, now, &url)) {
        DTT_COUNT(r->ctx, NODE_RELAY_FOREIGN_REFUSED);
        return;
    }
    struct dtt_relays_one *one = &r->list[i];
    *one = (struct dtt_relays_one){.serial = ++r->last_serial,
                                   .look_ns = now.mono_ns + DTT_RELAYS_LOOK_NS};
    snprintf(one->url, sizeof(one->url), "%s", text);
    r->pace_ns = (r->pace_ns > now.mono_ns ? r->pace_ns : now.mono_ns) + DTT_RELAYS_PACE_NS;
    DTT_COUNT(r->ctx, NODE_RELAY_FOREIGN);
    DTT_TRACE(r->ctx, NODE_RELAY_FOREIGN, dtt_tv_text(one->url));
}

/* Ids that it has invented go with it. */
static void leave(struct dtt_relays *r, size_t i, const char *why)
{
    DTT_TRACE(r->ctx, NODE_RELAY_LEFT, dtt_tv_text(r->list[i].url), dtt_tv_text(why));
    for (size_t k = dtt_map_count(&r->peers); k > 0; k--) {
        struct dtt_relays_peer *peer = dtt_map_value_at(&r->peers, k - 1);
        peer->relay = peer->relay == i ? NOWHERE : peer->relay;
        if (peer->by_use.list != &r->shares[i]) {
            continue;
        }
        if (r->is_linked && r->is_linked(r->user, &peer->id)) {
            dtt_list_remove(&peer->by_use);
            dtt_list_push(&r->shares[NOWHERE], &peer->by_use);
        } else {
            forget(r, peer);
        }
    }
    r->list[i] = (struct dtt_relays_one){.serial = 0};
}

static bool is_used(const struct dtt_relays *r, size_t i)
{
    bool is_any = false;
    for (size_t k = 0; k < dtt_map_count(&r->peers) && r->is_relayed && !is_any; k++) {
        const struct dtt_relays_peer *peer = dtt_map_value_at(&r->peers, k);
        is_any = peer->relay == i && r->is_relayed(r->user, &peer->id);
    }
    return is_any && r->list[i].is_up;
}

static void look_at_foreign(struct dtt_relays *r, struct dtt_now now)
{
    for (size_t i = DTT_RELAYS_MAX; i < NOWHERE; i++) {
        struct dtt_relays_one *one = &r->list[i];
        if (!one->serial || one->look_ns > now.mono_ns) {
            continue;
        }
        bool was_unused = one->is_unused;
        one->is_unused = !is_used(r, i);
        one->look_ns = now.mono_ns + DTT_RELAYS_LOOK_NS;
        if (was_unused && one->is_unused) {
            leave(r, i, "unused");
        }
    }
}

/* ---- the home relay */

/* The relay that answers soonest; n: none is up. One that is not measured comes last. */
static size_t soonest(const struct dtt_relays *r)
{
    size_t best = r->n;
    for (size_t i = 0; i < r->n; i++) {
        const struct dtt_relays_one *one = &r->list[i];
        bool is_better = best == r->n || r->list[best].rtt_ns == 0 ||
                         (one->rtt_ns != 0 && one->rtt_ns < r->list[best].rtt_ns);
        best = one->is_up && is_better ? i : best;
    }
    return best;
}

static size_t soonest_or_nowhere(const struct dtt_relays *r)
{
    size_t i = soonest(r);
    return i < r->n ? i : NOWHERE;
}

/* It stays at home unless another one is a third faster, so that it does not move all the time. */
static bool is_much_faster(const struct dtt_relays_one *one, const struct dtt_relays_one *home)
{
    return one->rtt_ns != 0 && (home->rtt_ns == 0 || one->rtt_ns < home->rtt_ns / 3 * 2);
}

static void look(struct dtt_relays *r, struct dtt_now now)
{
    size_t best = soonest(r);
    const struct dtt_relays_one *home = r->home < r->n ? &r->list[r->home] : NULL;
    bool is_gone = !home || (!home->is_up && now.mono_ns - home->since_ns >= DTT_RELAYS_GONE_NS);
    if (best != r->home && (is_gone || (home->is_up && is_much_faster(&r->list[best], home)))) {
        r->home = best;
        DTT_TRACE(r->ctx, NODE_RELAY_HOME, dtt_tv_text(dtt_relays_home(r)));
    }
}

void dtt_relays_set_up(struct dtt_relays *r, struct dtt_now now, size_t i, bool is_up)
{
    struct dtt_relays_one *one = &r->list[i];
    if (one->is_up != is_up) {
        one->is_up = is_up;
        one->has_served = true;
        one->since_ns = now.mono_ns;
        look(r, now);
    }
    if (is_up) {
        one->trouble = (struct dtt_relays_trouble){0};
    }
}

void dtt_relays_set_trouble(struct dtt_relays *r, struct dtt_now now, size_t i,
                            const struct dtt_relays_trouble *trouble)
{
    struct dtt_relays_one *one = &r->list[i];
    one->trouble = *trouble;
    if (trouble->what && one->serial && !one->has_served) {
        struct dtt_relays_shunned *s = &r->shunned[r->next_shunned++ % DTT_RELAYS_SHUNNED];
        memcpy(s->url, one->url, sizeof(s->url));
        s->until_ns = now.mono_ns + DTT_RELAYS_SHUN_NS;
        leave(r, i, trouble->what);
    }
}

/* When to tell how a relay is, if that is new: not at each try, nor of one that is back at once. */
static uint64_t news_ns(const struct dtt_relays_one *one)
{
    bool is_good = !one->trouble.what;
    if ((is_good && !one->is_up) || (one->is_told && one->is_told_good == is_good)) {
        return DTT_NEVER;
    }
    uint64_t again_ns = one->is_told ? one->told_ns + DTT_RELAYS_GONE_NS : 0;
    uint64_t gone_ns = one->is_up || one->since_ns == 0 ? 0 : one->since_ns + DTT_RELAYS_GONE_NS;
    return again_ns > gone_ns ? again_ns : gone_ns;
}

bool dtt_relays_next_news(struct dtt_relays *r, struct dtt_now now, struct dtt_event_relay *ret)
{
    size_t i = 0;
    while (i < r->n && news_ns(&r->list[i]) > now.mono_ns) {
        i++;
    }
    if (i == r->n) {
        return false;
    }
    struct dtt_relays_one *one = &r->list[i];
    const struct dtt_relays_trouble *trouble = &one->trouble;
    one->is_told = true;
    one->is_told_good = !trouble->what;
    one->told_ns = now.mono_ns;
    *ret = (struct dtt_event_relay){.url = one->url,
                                    .number = (uint32_t)i,
                                    .is_up = one->is_up,
                                    .trouble = trouble->what,
                                    .advice = trouble->advice};
    static_assert(sizeof(ret->detail) == sizeof(trouble->detail), "all of it");
    memcpy(ret->detail, trouble->detail, sizeof(ret->detail));
    if (trouble->what) {
        DTT_TRACE(r->ctx, NODE_RELAY_TROUBLE, dtt_tv_text(one->url), dtt_tv_text(trouble->what),
                  dtt_tv_text(trouble->detail), dtt_tv_text(trouble->advice));
    }
    return true;
}

void dtt_relays_set_rtt(struct dtt_relays *r, struct dtt_now now, size_t i, uint64_t rtt_ns)
{
    r->list[i].rtt_ns = rtt_ns;
    look(r, now);
}

const char *dtt_relays_home(const struct dtt_relays *r)
{
    return r->home < r->n ? r->list[r->home].url : "";
}

bool dtt_relays_is_up(const struct dtt_relays *r)
{
    size_t i = 0;
    while (i < DTT_RELAYS_PLACES && !r->list[i].is_up) {
        i++;
    }
    return i < DTT_RELAYS_PLACES;
}

bool dtt_relays_is_away(const struct dtt_relays *r, struct dtt_now now)
{
    bool is_any = false;
    for (size_t i = 0; i < r->n; i++) {
        const struct dtt_relays_one *one = &r->list[i];
        is_any |= one->is_up || now.mono_ns - one->since_ns < DTT_RELAYS_GONE_NS;
    }
    return !is_any;
}

uint64_t dtt_relays_deadline(const struct dtt_relays *r)
{
    bool is_lost = r->home < r->n && !r->list[r->home].is_up;
    uint64_t t = is_lost ? dtt_add_ns(r->list[r->home].since_ns, DTT_RELAYS_GONE_NS) : DTT_NEVER;
    for (size_t i = 0; i < r->n; i++) {
        t = dtt_min_ns(t, news_ns(&r->list[i]));
    }
    for (size_t i = DTT_RELAYS_MAX; i < DTT_RELAYS_PLACES; i++) {
        t = r->list[i].serial ? dtt_min_ns(t, r->list[i].look_ns) : t;
    }
    return t;
}

void dtt_relays_tick(struct dtt_relays *r, struct dtt_now now)
{
    if (dtt_relays_deadline(r) <= now.mono_ns) {
        look(r, now);
        look_at_foreign(r, now);
    }
}

/* ---- addresses */

static struct dtt_addr invented(uint8_t subnet, const uint8_t end[8])
{
    uint8_t ip[16] = {0xfd, 0x15, 0x07, 0x0a, 0x51, 0x0b, [7] = subnet};
    memcpy(ip + 8, end, 8);
    return dtt_addr_v6(ip, DTT_RELAYS_PORT);
}

struct dtt_addr dtt_relays_local(void)
{
    return invented(DTT_RELAYS_SUBNET_US, (const uint8_t[8]){[7] = 1});
}

static void use(struct dtt_relays_peer *peer)
{
    struct dtt_list *share = peer->by_use.list;
    dtt_list_remove(&peer->by_use);
    dtt_list_push(share, &peer->by_use);
}

/* One of a peer with a link, which stays, comes last then: it is not looked at for each id that a
 * relay invents. */
static bool take_from(struct dtt_relays *r, const struct dtt_list *share)
{
    for (size_t n = share->count; n > 0; n--) {
        struct dtt_relays_peer *peer = oldest(share);
        if (!r->is_linked || !r->is_linked(r->user, &peer->id)) {
            forget(r, peer);
            return true;
        }
        use(peer);
    }
    return false;
}

/* Who has a fair part makes room there, else who has most. */
static bool make_room(struct dtt_relays *r, const struct dtt_list *share)
{
    bool is_full = share->count >= DTT_RELAYS_PEERS / (r->n + DTT_RELAYS_FOREIGN + 1);
    const struct dtt_list *from = share;
    for (size_t i = 0; i <= NOWHERE && !is_full; i++) {
        from = r->shares[i].count > from->count ? &r->shares[i] : from;
    }
    bool is_made = take_from(r, from);
    for (size_t i = 0; i <= NOWHERE && !is_made; i++) {
        is_made = take_from(r, &r->shares[i]);
    }
    return is_made;
}

static struct dtt_relays_peer *add(struct dtt_relays *r, const struct dtt_id *id,
                                   struct dtt_list *share)
{
    if (dtt_map_count(&r->peers) == DTT_RELAYS_PEERS && !make_room(r, share)) {
        return NULL;
    }
    struct dtt_relays_peer *peer = calloc(1, sizeof(*peer));
    if (!peer) {
        return NULL;
    }
    *peer = (struct dtt_relays_peer){.id = *id, .relay = NOWHERE};
    dtt_put_be64(peer->end, ++r->last_end);
    if (dtt_map_put(&r->peers, id, peer) != DTT_OK ||
        dtt_map_put(&r->ends, peer->end, peer) != DTT_OK) {
        forget(r, peer);
        return NULL;
    }
    dtt_list_push(share, &peer->by_use);
    return peer;
}

/* `named_by`: a relay, or NOWHERE for us; whose share a new one takes. */
static struct dtt_relays_peer *get(struct dtt_relays *r, const struct dtt_id *id, size_t named_by,
                                   struct dtt_addr *ret)
{
    struct dtt_relays_peer *peer = dtt_map_get(&r->peers, id);
    peer = peer ? peer : add(r, id, &r->shares[named_by]);
    if (peer) {
        use(peer);
        *ret = invented(DTT_RELAYS_SUBNET_PEERS, peer->end);
    }
    return peer;
}

bool dtt_relays_addr(struct dtt_relays *r, const struct dtt_id *id, const char *url,
                     struct dtt_addr *ret)
{
    struct dtt_relays_peer *peer = get(r, id, NOWHERE, ret);
    if (peer && peer->relay == NOWHERE) {
        peer->relay = place_of(r, url);
    }
    return peer != NULL;
}

void dtt_relays_moved(struct dtt_relays *r, const struct dtt_id *id, const char *url)
{
    struct dtt_relays_peer *peer = dtt_map_get(&r->peers, id);
    size_t i = place_of(r, url);
    if (peer && i < NOWHERE) {
        peer->relay = i;
    }
}

bool dtt_relays_heard(struct dtt_relays *r, size_t i, const struct dtt_id *id, struct dtt_addr *ret)
{
    struct dtt_relays_peer *peer = get(r, id, i, ret);
    if (peer) {
        peer->relay = i;
    }
    return peer != NULL;
}

bool dtt_relays_is_steady(const struct dtt_relays *r, struct dtt_now now,
                          const struct dtt_addr *remote)
{
    const struct dtt_relays_peer *peer = dtt_map_get(&r->ends, remote->ip + 8);
    size_t i = peer && peer->relay < NOWHERE ? peer->relay : soonest_or_nowhere(r);
    return i < NOWHERE && r->list[i].is_up &&
           now.mono_ns - r->list[i].since_ns >= DTT_RELAYS_GONE_NS;
}

void dtt_relays_doubt(struct dtt_relays *r, struct dtt_now now, const struct dtt_addr *remote)
{
    const struct dtt_relays_peer *peer = dtt_map_get(&r->ends, remote->ip + 8);
    struct dtt_relays_one *one = peer && peer->relay < NOWHERE ? &r->list[peer->relay] : NULL;
    if (one && one->is_up && now.mono_ns - one->doubted_ns >= DTT_RELAYS_DOUBT_NS) {
        one->is_doubted = true;
        one->doubted_ns = now.mono_ns;
    }
}

void dtt_relays_doubt_all(struct dtt_relays *r)
{
    for (size_t i = 0; i < NOWHERE; i++) {
        r->list[i].is_doubted = i < r->n || r->list[i].is_up;
    }
}

bool dtt_relays_next_doubted(struct dtt_relays *r, size_t *ret)
{
    for (size_t i = 0; i < NOWHERE; i++) {
        if (r->list[i].is_doubted) {
            r->list[i].is_doubted = false;
            *ret = i;
            return true;
        }
    }
    return false;
}

bool dtt_relays_route(struct dtt_relays *r, const struct dtt_addr *remote, struct dtt_id *ret_id,
                      size_t *ret_relay)
{
    struct dtt_relays_peer *peer = dtt_map_get(&r->ends, remote->ip + 8);
    if (!peer) {
        return false;
    }
    use(peer);
    size_t i = peer->relay;
    if (i == NOWHERE || !r->list[i].is_up) {
        i = r->home < r->n && r->list[r->home].is_up ? r->home : soonest_or_nowhere(r);
    }
    *ret_id = peer->id;
    *ret_relay = i;
    return i < NOWHERE;
}
