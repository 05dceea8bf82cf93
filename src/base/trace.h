/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Tracing. A trace point is one line of trace.def; when its level is off it costs one predicted
 * branch:
 *
 *     DTT_TRACE(ctx, DHT_QUERY_SENT, dtt_tv_addr(&to), dtt_tv_text("get"));
 */
#ifndef DTT_BASE_TRACE_H
#define DTT_BASE_TRACE_H

#include <dtt/types.h>

enum dtt_trace_level {
    DTT_TRACE_LEVEL_OFF,
    DTT_TRACE_LEVEL_ERROR,
    DTT_TRACE_LEVEL_WARN,
    DTT_TRACE_LEVEL_INFO,
    DTT_TRACE_LEVEL_DEBUG
};

enum dtt_trace_point {
#define X(name, module, event, level, fields) DTT_TP_##name,
#include "base/trace.def"
#undef X
    DTT_TP_COUNT
};

enum dtt_trace_kind { DTT_TV_END, DTT_TV_INT, DTT_TV_TEXT, DTT_TV_ADDR, DTT_TV_ID };

/** The value of one field. Pointers are borrowed for the call. */
struct dtt_trace_value {
    enum dtt_trace_kind kind;
    union {
        int64_t i;
        const char *text;
        const struct dtt_addr *addr;
        const struct dtt_id *id;
    } u;
};

struct dtt_trace_record {
    enum dtt_trace_point point;
    const struct dtt_trace_value *values; /**< ended by kind DTT_TV_END */
};

/** Where records go. `sink` runs inside the library: it must not call back into it. */
struct dtt_trace {
    enum dtt_trace_level level;
    void (*sink)(void *user, const struct dtt_trace_record *rec);
    void *user;
};

/* Levels by point, for the branch in DTT_TRACE. */
enum dtt_trace_point_level {
#define X(name, module, event, level, fields) DTT_TPL_##name = DTT_TRACE_LEVEL_##level,
#include "base/trace.def"
#undef X
};

static inline struct dtt_trace_value dtt_tv_int(int64_t i)
{
    return (struct dtt_trace_value){.kind = DTT_TV_INT, .u.i = i};
}

static inline struct dtt_trace_value dtt_tv_text(const char *text)
{
    return (struct dtt_trace_value){.kind = DTT_TV_TEXT, .u.text = text};
}

static inline struct dtt_trace_value dtt_tv_addr(const struct dtt_addr *addr)
{
    return (struct dtt_trace_value){.kind = DTT_TV_ADDR, .u.addr = addr};
}

static inline struct dtt_trace_value dtt_tv_id(const struct dtt_id *id)
{
    return (struct dtt_trace_value){.kind = DTT_TV_ID, .u.id = id};
}

#define DTT_TRACE(ctx, name, ...)                                                            \
    do {                                                                                     \
        if ((int)(ctx)->trace.level >= (int)DTT_TPL_##name) {                                \
            const struct dtt_trace_value dtt_trace_values_[] = {__VA_ARGS__,                 \
                                                                {.kind = DTT_TV_END}};       \
            (ctx)->trace.sink((ctx)->trace.user,                                             \
                              &(struct dtt_trace_record){DTT_TP_##name, dtt_trace_values_}); \
        }                                                                                    \
    } while (0)

enum dtt_trace_level dtt_trace_point_level(enum dtt_trace_point p);

/**
 * Renders a record as one line without newline: `dht query_sent to=1.2.3.4:5 method=get`. Always
 * NUL-terminates, cuts what does not fit. Returns the length.
 */
size_t dtt_trace_format(const struct dtt_trace_record *rec, char *out, size_t cap);

#endif
