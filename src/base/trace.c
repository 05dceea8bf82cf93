/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/trace.h"

#include "base/addr.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
    const char *module;
    const char *event;
    enum dtt_trace_level level;
    const char *fields; /* names separated by one space */
} points[] = {
#define X(name, module, event, level, fields) {module, event, DTT_TRACE_LEVEL_##level, fields},
#include "base/trace.def"
#undef X
};

enum dtt_trace_level dtt_trace_point_level(enum dtt_trace_point p)
{
    return points[p].level;
}

const char *dtt_trace_point_module(enum dtt_trace_point p)
{
    return points[p].module;
}

const char *dtt_trace_point_event(enum dtt_trace_point p)
{
    return points[p].event;
}

struct text {
    char *out;
    size_t cap;
    size_t len;
};

static void put(struct text *t, char c)
{
    if (t->len + 1 < t->cap) {
        t->out[t->len++] = c;
    }
}

static void put_text(struct text *t, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        put(t, s[i]);
    }
}

/* Text from the network may hold anything: only printable ASCII passes, quotes are escaped. */
static void put_safe(struct text *t, const char *s, int json)
{
    for (; *s; s++) {
        if (json && (*s == '"' || *s == '\\')) {
            put(t, '\\');
        }
        put(t, *s >= 32 && *s < 127 ? *s : '?');
    }
}

static void put_value(struct text *t, const struct dtt_trace_value *v, int json)
{
    char buf[DTT_ADDR_TEXT_MAX];
    if (v->kind == DTT_TV_INT) {
        snprintf(buf, sizeof(buf), "%" PRId64, v->u.i);
        put_safe(t, buf, 0);
        return;
    }
    if (json) {
        put(t, '"');
    }
    if (v->kind == DTT_TV_TEXT) {
        put_safe(t, v->u.text ? v->u.text : "", json);
    } else if (v->kind == DTT_TV_ADDR) {
        dtt_addr_format(v->u.addr, buf);
        put_safe(t, buf, 0);
    } else {
        /* The log shortens ids to 10 digits as iroh does; JSON keeps them whole. */
        for (int i = 0; i < (json ? DTT_ID_BYTES : 5); i++) {
            snprintf(buf, sizeof(buf), "%02x", v->u.id->bytes[i]);
            put_safe(t, buf, 0);
        }
    }
    if (json) {
        put(t, '"');
    }
}

size_t dtt_trace_format(const struct dtt_trace_record *rec, int json, char *out, size_t cap)
{
    struct text t = {.out = out, .cap = cap};
    const char *field = points[rec->point].fields;
    char head[96];
    snprintf(head, sizeof(head), json ? "{\"module\":\"%s\",\"event\":\"%s\"" : "%s %s",
             points[rec->point].module, points[rec->point].event);
    put_text(&t, head, strlen(head));
    for (const struct dtt_trace_value *v = rec->values; v->kind != DTT_TV_END && *field; v++) {
        size_t n = strcspn(field, " ");
        put_text(&t, json ? ",\"" : " ", json ? 2 : 1);
        put_text(&t, field, n);
        put_text(&t, json ? "\":" : "=", json ? 2 : 1);
        put_value(&t, v, json);
        field += n + (field[n] == ' ');
    }
    if (json) {
        put(&t, '}');
    }
    if (cap) {
        out[t.len] = '\0';
    }
    return t.len;
}
