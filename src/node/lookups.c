/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/lookups.h"

#include "node/dials.h"
#include "node/inside.h"

int dtt_lookups_init(struct dtt_core *c, const struct dtt_core_config *cfg)
{
    struct dtt_lookups *l = &c->lookups;
    const struct dtt_pkarr_client_config pkarr = {.ctx = c->ctx,
                                                  .id = c->id,
                                                  .seed = c->cfg.node_seed,
                                                  .urls = cfg->pkarr,
                                                  .n_urls = cfg->n_pkarr};
    for (; l->n_origins < cfg->n_dns_origins; l->n_origins++) {
        const char *origin = cfg->dns_origins[l->n_origins];
        memcpy(l->origins[l->n_origins], origin, strlen(origin) + 1);
    }
    return cfg->n_pkarr > 0 ? dtt_pkarr_client_new(&l->pkarr, &pkarr) : DTT_OK;
}

void dtt_lookups_fini(struct dtt_lookups *l)
{
    dtt_pkarr_client_free(l->pkarr);
}

static struct dtt_lookups_search *find(struct dtt_lookups *l, const struct dtt_id *id)
{
    for (size_t i = 0; i < DTT_LOOKUPS_MAX; i++) {
        if (l->list[i].is_used && memcmp(&l->list[i].id, id, sizeof(*id)) == 0) {
            return &l->list[i];
        }
    }
    return NULL;
}

bool dtt_lookups_has_room(const struct dtt_lookups *l, bool is_hearsay)
{
    size_t n = 0;
    size_t n_hearsay = 0;
    for (size_t i = 0; i < DTT_LOOKUPS_MAX; i++) {
        n += l->list[i].is_used;
        n_hearsay += l->list[i].is_used && l->list[i].is_hearsay;
    }
    return n < DTT_LOOKUPS_MAX && (!is_hearsay || n_hearsay < DTT_LOOKUPS_HEARSAY);
}

/* Frees the place of a search that is over everywhere, and tells links. */
static void look_at(struct dtt_core *c, struct dtt_now now, struct dtt_lookups_search *s)
{
    const struct dtt_id id = s->id;
    bool is_over = s->is_walked && s->n_asked == 0;
    for (size_t i = 0; i < DTT_LOOKUPS_ORIGINS; i++) {
        is_over &= s->texts[i] == DTT_LOOKUPS_TEXT_OVER;
    }
    if (is_over) {
        *s = (struct dtt_lookups_search){.is_used = false};
        dtt_dials_located(&c->links, now, &id, true);
    }
}

void dtt_lookups_start(struct dtt_core *c, struct dtt_now now, const struct dtt_id *id,
                       bool is_hearsay)
{
    struct dtt_lookups *l = &c->lookups;
    struct dtt_lookups_search *s = find(l, id);
    for (size_t i = 0; !s && i < DTT_LOOKUPS_MAX; i++) {
        s = l->list[i].is_used ? NULL : &l->list[i];
    }
    assert(s);        /* there was room */
    if (s->is_used) { /* servers are being asked already */
        s->is_walked = false;
        return;
    }
    *s = (struct dtt_lookups_search){.is_used = true,
                                     .is_hearsay = is_hearsay,
                                     .id = *id,
                                     .time_us = -1,
                                     .until_ns = now.mono_ns + DTT_LOOKUPS_NS,
                                     .number = l->last_number};
    l->last_number += DTT_LOOKUPS_ORIGINS;
    for (size_t i = 0; i < l->n_origins; i++) {
        s->texts[i] = DTT_LOOKUPS_TEXT_QUEUED;
    }
    s->n_asked = l->pkarr ? dtt_pkarr_client_resolve(l->pkarr, now, id) : 0;
}

static void learn(struct dtt_core *c, struct dtt_now now, const struct dtt_id *id,
                  const struct dtt_pkarr_place *place)
{
    DTT_TRACE(c->ctx, NODE_ADDRS_FOUND, dtt_tv_id(id), dtt_tv_int((int64_t)place->n));
    dtt_dials_relay(&c->links, now, id, place->relay);
    dtt_dials_learn(&c->links, now, id, place->addrs, place->n);
    dtt_dials_located(&c->links, now, id, false);
}

void dtt_lookups_walk_found(struct dtt_core *c, struct dtt_now now, const struct dtt_id *id,
                            const struct dtt_pkarr_place *place)
{
    struct dtt_lookups_search *s = find(&c->lookups, id);
    if (s) {
        s->is_signed = true;
    }
    learn(c, now, id, place);
}

void dtt_lookups_walk_over(struct dtt_core *c, struct dtt_now now, const struct dtt_id *id)
{
    struct dtt_lookups_search *s = find(&c->lookups, id);
    if (s) {
        s->is_walked = true;
        look_at(c, now, s);
    } else { /* of two walks for one peer the second */
        dtt_dials_located(&c->links, now, id, true);
    }
}

/* ---- TXT records */

/* The search to which a text belongs, and the domain; NULL: it is over. */
static struct dtt_lookups_search *search_of(struct dtt_lookups *l, uint32_t number,
                                            size_t *ret_origin)
{
    for (size_t i = 0; i < DTT_LOOKUPS_MAX; i++) {
        struct dtt_lookups_search *s = &l->list[i];
        uint32_t at = number - s->number;
        if (s->is_used && at < l->n_origins && s->texts[at] == DTT_LOOKUPS_TEXT_OUT) {
            *ret_origin = at;
            return s;
        }
    }
    return NULL;
}

bool dtt_lookups_next_text(struct dtt_core *c, uint32_t *ret_number,
                           char ret_name[DTT_PKARR_NAME_MAX])
{
    struct dtt_lookups *l = &c->lookups;
    for (size_t i = 0; i < DTT_LOOKUPS_MAX; i++) {
        struct dtt_lookups_search *s = &l->list[i];
        for (size_t k = 0; k < l->n_origins && s->is_used; k++) {
            if (s->texts[k] == DTT_LOOKUPS_TEXT_QUEUED) {
                s->texts[k] = DTT_LOOKUPS_TEXT_OUT;
                *ret_number = s->number + (uint32_t)k;
                dtt_pkarr_name(ret_name, &s->id, l->origins[k]);
                return true;
            }
        }
    }
    return false;
}

/* A name server's word is not needed where the peer's own is there. */
void dtt_lookups_text(struct dtt_core *c, struct dtt_now now, uint32_t number,
                      struct dtt_slice answer)
{
    size_t origin;
    struct dtt_pkarr_place place;
    struct dtt_lookups_search *s = search_of(&c->lookups, number, &origin);
    if (!s) {
        return;
    }
    s->texts[origin] = DTT_LOOKUPS_TEXT_OVER;
    if (answer.len > 0) {
        int n = dtt_pkarr_read_answer(answer, &s->id, c->lookups.origins[origin], &place);
        DTT_COUNT_N(c->ctx, NODE_TEXTS_REFUSED, n < 0);
        if (n >= 0 && dtt_pkarr_is_somewhere(&place) && !s->is_signed) {
            DTT_COUNT(c->ctx, NODE_TEXTS_FOUND);
            learn(c, now, &s->id, &place);
        }
    }
    look_at(c, now, s);
}

/* ---- pkarr servers */

bool dtt_lookups_next_request(struct dtt_core *c, uint32_t *ret_number,
                              const struct dtt_url **ret_url)
{
    return c->lookups.pkarr && dtt_pkarr_client_next_request(c->lookups.pkarr, ret_number, ret_url);
}

struct dtt_slice dtt_lookups_request(const struct dtt_core *c, uint32_t number)
{
    return dtt_pkarr_client_request(c->lookups.pkarr, number);
}

void dtt_lookups_recv(struct dtt_core *c, struct dtt_now now, uint32_t number,
                      struct dtt_slice bytes)
{
    dtt_pkarr_client_recv(c->lookups.pkarr, now, number, bytes);
}

void dtt_lookups_ended(struct dtt_core *c, struct dtt_now now, uint32_t number, const char *why)
{
    dtt_pkarr_client_ended(c->lookups.pkarr, now, number, why);
}

/* Servers may differ, and an old packet may come last: it tells less than the newer one has. */
static void on_answer(struct dtt_core *c, struct dtt_now now, const struct dtt_pkarr_event *ev)
{
    struct dtt_lookups_search *s = find(&c->lookups, &ev->id);
    struct dtt_pkarr_place place;
    if (!s || s->n_asked == 0) {
        return;
    }
    s->n_asked--;
    if (ev->is_found && ev->found.time_us > s->time_us) {
        int n = dtt_pkarr_read(ev->found.packet, &ev->id, &place);
        DTT_COUNT_N(c->ctx, NODE_ADDRS_REFUSED, n < 0);
        if (n >= 0) {
            DTT_COUNT(c->ctx, PKARR_FOUND);
            s->time_us = ev->found.time_us;
            s->is_signed |= dtt_pkarr_is_somewhere(&place);
            learn(c, now, &ev->id, &place);
        }
    }
    look_at(c, now, s);
}

bool dtt_lookups_route(struct dtt_core *c, struct dtt_now now)
{
    struct dtt_pkarr_event ev;
    if (!c->lookups.pkarr || !dtt_pkarr_client_next_event(c->lookups.pkarr, &ev)) {
        return false;
    }
    on_answer(c, now, &ev);
    return true;
}

void dtt_lookups_publish(struct dtt_core *c, struct dtt_now now)
{
    struct dtt_addr addrs[DTT_CORE_ADDRS];
    uint8_t buf[DTT_PKARR_PACKET_MAX];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    size_t n = c->cfg.is_addrs_public ? dtt_self_public(&c->self, addrs) : 0;
    const char *relay = dtt_relays_home(&c->relays);
    if (n > 0 || relay[0] != '\0') {
        dtt_pkarr_write(&w, &c->id, relay, addrs, n);
    }
    if (c->lookups.pkarr) {
        dtt_pkarr_client_publish(c->lookups.pkarr, now, dtt_slice(buf, w.failed ? 0 : w.len));
    }
}

/* ---- time */

uint64_t dtt_lookups_deadline(const struct dtt_lookups *l)
{
    uint64_t t = l->pkarr ? dtt_pkarr_client_deadline(l->pkarr) : DTT_NEVER;
    for (size_t i = 0; i < DTT_LOOKUPS_MAX && l->n_origins > 0; i++) {
        const struct dtt_lookups_search *s = &l->list[i];
        for (size_t k = 0; k < l->n_origins && s->is_used; k++) {
            t = s->texts[k] != DTT_LOOKUPS_TEXT_OVER ? dtt_min_ns(t, s->until_ns) : t;
        }
    }
    return t;
}

void dtt_lookups_tick(struct dtt_core *c, struct dtt_now now)
{
    struct dtt_lookups *l = &c->lookups;
    if (l->pkarr) {
        dtt_pkarr_client_tick(l->pkarr, now);
    }
    for (size_t i = 0; i < DTT_LOOKUPS_MAX && l->n_origins > 0; i++) {
        struct dtt_lookups_search *s = &l->list[i];
        if (s->is_used && s->until_ns <= now.mono_ns) {
            memset(s->texts, 0, sizeof(s->texts)); /* all of them are over */
            look_at(c, now, s);
        }
    }
}
