/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/plot.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 960
#define LEFT 64
#define RIGHT 28
#define TOP 44
#define PANEL 180 /* height of a panel's plot, and of what is between two */
#define GAP 58
#define PANELS 3
#define COLUMNS 440 /* at most so many points a line */
#define TICKS 5
#define LINES 3

struct text {
    char *data;
    size_t len, cap;
    bool is_broken;
};

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static void
put(struct text *t, const char *format, ...)
{
    va_list args;
    char line[512];
    va_start(args, format);
    int n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (t->is_broken || n < 0 || (size_t)n >= sizeof(line)) {
        t->is_broken = true;
        return;
    }
    if (t->len + (size_t)n + 1 > t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 16384;
        char *grown = realloc(t->data, cap);
        if (!grown) {
            t->is_broken = true;
            return;
        }
        t->data = grown;
        t->cap = cap;
    }
    memcpy(t->data + t->len, line, (size_t)n + 1);
    t->len += (size_t)n;
}

enum figure { LIVE, JOINED, COMPONENTS, NEIGHBORS, FEWEST, DHT, OTHER };

struct curve {
    const char *name;
    const char *color;
    enum figure figure;
};

struct panel {
    const char *title;
    struct curve curves[LINES]; /* ended by one without name */
};

static double ratio(uint64_t a, uint32_t b)
{
    return b ? (double)a / b : 0;
}

static double value(const struct dtt_sim_sample *s, enum figure figure)
{
    switch (figure) {
    case LIVE: return s->live;
    case JOINED: return s->joined;
    case COMPONENTS: return s->components;
    case NEIGHBORS: return ratio(s->neighbors, s->joined);
    case FEWEST: return s->min_neighbors;
    case DHT: return ratio(s->dht, s->live);
    case OTHER: break;
    }
    return ratio(s->other, s->live);
}

static const struct panel panels[PANELS] = {
    {"members",
     {{"live", "#888888", LIVE},
      {"joined", "#1f77b4", JOINED},
      {"components", "#d62728", COMPONENTS}}},
    {"neighbours of a joined member",
     {{"average", "#1f77b4", NEIGHBORS}, {"fewest", "#d62728", FEWEST}}},
    {"datagrams a second of a live member",
     {{"DHT", "#2ca02c", DHT}, {"gossip", "#9467bd", OTHER}}},
};

/* The mean of the samples in one column of the picture. */
static double column(const struct dtt_sim_result *r, const struct curve *c, size_t columns,
                     size_t i)
{
    size_t from = i * r->n_samples / columns;
    size_t to = (i + 1) * r->n_samples / columns;
    double sum = 0;
    for (size_t k = from; k < to; k++) {
        sum += value(&r->samples[k], c->figure);
    }
    return to > from ? sum / (double)(to - from) : 0;
}

/* The smallest of 1, 2, 5, 10, 20 ... that is not below `v`. */
static double round_up(double v)
{
    double step = 1;
    while (step < v) {
        if (2 * step >= v) {
            return 2 * step;
        }
        if (5 * step >= v) {
            return 5 * step;
        }
        step *= 10;
    }
    return step;
}

static void put_axes(struct text *t, const struct panel *p, int top, double most, size_t seconds)
{
    int bottom = top + PANEL;
    put(t, "<text x=\"%d\" y=\"%d\" class=\"t\">%s</text>\n", LEFT, top - 10, p->title);
    for (int i = 0; i <= TICKS; i++) {
        double y = bottom - (double)PANEL * i / TICKS;
        put(t, "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" class=\"g\"/>\n", LEFT,
            WIDTH - RIGHT, y, y);
        put(t, "<text x=\"%d\" y=\"%.1f\" class=\"y\">%g</text>\n", LEFT - 6, y + 4,
            most * i / TICKS);
    }
    for (int i = 0; i <= 6; i++) {
        double x = LEFT + (double)(WIDTH - LEFT - RIGHT) * i / 6;
        put(t, "<text x=\"%.1f\" y=\"%d\" class=\"x\">%.0f s</text>\n", x, bottom + 16,
            (double)seconds * i / 6);
    }
}

static void put_panel(struct text *t, const struct dtt_sim_result *r, const struct panel *p,
                      int top)
{
    size_t columns = r->n_samples < COLUMNS ? r->n_samples : COLUMNS;
    double most = 0;
    int legend = WIDTH - RIGHT;
    for (size_t k = 0; k < LINES && p->curves[k].name; k++) {
        for (size_t i = 0; i < columns; i++) {
            double v = column(r, &p->curves[k], columns, i);
            most = v > most ? v : most;
        }
    }
    most = round_up(most);
    put_axes(t, p, top, most, r->n_samples);
    for (size_t k = 0; k < LINES && p->curves[k].name; k++) {
        const struct curve *c = &p->curves[k];
        put(t, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" points=\"", c->color);
        for (size_t i = 0; i < columns; i++) {
            double x = LEFT + (double)(WIDTH - LEFT - RIGHT) * ((double)i + 0.5) / (double)columns;
            double y = top + PANEL - PANEL * column(r, c, columns, i) / most;
            put(t, "%.1f,%.1f ", x, y);
        }
        put(t, "\"/>\n");
        legend -= 96;
        put(t, "<text x=\"%d\" y=\"%d\" class=\"l\" fill=\"%s\">%s</text>\n", legend, top - 10,
            c->color, c->name);
    }
}

char *dtt_sim_plot(const struct dtt_sim_result *r)
{
    struct text t = {0};
    int height = TOP + PANELS * (PANEL + GAP);
    put(&t,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
        "height=\"%d\">\n",
        WIDTH, height, WIDTH, height);
    put(&t, "<style>text{font:12px sans-serif} .h{font-size:15px} .y{text-anchor:end} "
            ".x{text-anchor:middle} .g{stroke:#dddddd}</style>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n");
    put(&t,
        "<text x=\"%d\" y=\"22\" class=\"h\">%s, %" PRIu32 " members, seed %" PRIu64
        ": %s</text>\n",
        LEFT, r->scenario, r->nodes, r->seed, r->passed ? "passed" : "failed");
    for (int i = 0; i < PANELS; i++) {
        put_panel(&t, r, &panels[i], TOP + 22 + i * (PANEL + GAP));
    }
    put(&t, "</svg>\n");
    if (t.is_broken) {
        free(t.data);
        return NULL;
    }
    return t.data;
}
