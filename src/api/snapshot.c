/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/snapshot.h"
#include "api/node_priv.h"

size_t dtt_node_snapshot_json(const dtt_node *n, char *buf, size_t cap)
{
    struct dtt_metric m = {.size = sizeof(m)};
    struct dtt_json j;
    struct dtt_now now = dtt_io_now(n->io);
    dtt_json_init(&j, buf, cap);
    dtt_json_object(&j, NULL);
    dtt_json_text(&j, "version", dtt_version());
    dtt_json_u64(&j, "unix_ms", now.wall_ns < 0 ? 0 : (uint64_t)now.wall_ns / DTT_MS);
    dtt_snapshot_core(&j, dtt_io_core(n->io), now);
    dtt_json_object(&j, "metrics");
    for (size_t i = 0; dtt_node_metric(n, i, &m) > 0; i++) {
        dtt_json_u64(&j, m.name, m.value);
    }
    dtt_json_end(&j);
    dtt_json_end(&j);
    return dtt_json_finish(&j);
}
