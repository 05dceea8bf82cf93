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

/* Text from the network may hold anything: only printable ASCII passes. */
static void put_safe(struct text *t, const char *s)
{
    for (; *s; s++) {
        put(t, *s >= 32 && *s < 127 ? *s : '?');
    }
}

static void put_value(struct text *t, const struct dtt_trace_value *v)
{
    char buf[DTT_ADDR_TEXT_MAX];
    switch (v->kind) {
    case DTT_TV_END: break;
    case DTT_TV_INT:
        snprintf(buf, sizeof(buf), "%" PRId64, v->u.i);
        put_safe(t, buf);
        break;
    case DTT_TV_TEXT: put_safe(t, v->u.text ? v->u.text : ""); break;
    case DTT_TV_ADDR:
        dtt_addr_format(v->u.addr, buf);
        put_safe(t, buf);
        break;
    case DTT_TV_ID: /* its first ten digits, as iroh shortens them */
        for (int i = 0; i < 5; i++) {
            snprintf(buf, sizeof(buf), "%02x", v->u.id->bytes[i]);
            put_safe(t, buf);
        }
        break;
    }
}

size_t dtt_trace_format(const struct dtt_trace_record *rec, char *out, size_t cap)
{
    struct text t = {.out = out, .cap = cap};
    const char *field = points[rec->point].fields;
    put_safe(&t, points[rec->point].module);
    put(&t, ' ');
    put_safe(&t, points[rec->point].event);
    for (const struct dtt_trace_value *v = rec->values; v->kind != DTT_TV_END && *field; v++) {
        for (put(&t, ' '); *field && *field != ' '; field++) {
            put(&t, *field);
        }
        put(&t, '=');
        put_value(&t, v);
        field += *field == ' ';
    }
    if (cap) {
        out[t.len] = '\0';
    }
    return t.len;
}
