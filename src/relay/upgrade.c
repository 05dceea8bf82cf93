/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "relay/upgrade.h"

#include "codec/text.h"
#include "crypto/hash.h"
#include "relay/relay_wire.h"

/* RFC 6455, section 1.3. */
static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

void dtt_upgrade_write(struct dtt_writer *w, const struct dtt_upgrade_request *request)
{
    char key[DTT_BASE64_LEN(DTT_UPGRADE_KEY_BYTES) + 1];
    dtt_base64_encode(key, dtt_slice(request->key, DTT_UPGRADE_KEY_BYTES));
    dtt_write_text(w, "GET " DTT_RELAY_PATH);
    dtt_write_text(w, request->query);
    dtt_write_text(w, " HTTP/1.1\r\n");
    dtt_http_write_field(w, "Host", request->authority);
    dtt_http_write_field(w, "Connection", "Upgrade");
    dtt_http_write_field(w, "Upgrade", "websocket"); /* iroh-relay compares the case, too */
    dtt_http_write_field(w, "Sec-WebSocket-Key", key);
    dtt_http_write_field(w, "Sec-WebSocket-Version", "13");
    dtt_http_write_field(w, "Sec-WebSocket-Protocol",
                         DTT_RELAY_PROTOCOL_V2 ", " DTT_RELAY_PROTOCOL_V1);
    if (request->auth) {
        dtt_http_write_field(w, DTT_RELAY_AUTH_FIELD, request->auth);
    }
    dtt_write_text(w, "\r\n");
}

void dtt_upgrade_init(struct dtt_upgrade *u, const uint8_t key[DTT_UPGRADE_KEY_BYTES])
{
    char text[DTT_BASE64_LEN(DTT_UPGRADE_KEY_BYTES) + 1];
    uint8_t sha1[20];
    *u = (struct dtt_upgrade){.version = 0};
    dtt_base64_encode(text, dtt_slice(key, DTT_UPGRADE_KEY_BYTES));
    dtt_sha1_2(sha1, dtt_slice(text, strlen(text)), dtt_slice(guid, sizeof(guid) - 1));
    dtt_base64_encode(u->accept, dtt_slice(sha1, sizeof(sha1)));
}

static void take_field(struct dtt_upgrade *u)
{
    const char *value;
    if ((value = dtt_http_field(&u->head, "upgrade"))) {
        u->is_websocket = dtt_http_is(value, "websocket");
    } else if ((value = dtt_http_field(&u->head, "sec-websocket-accept"))) {
        u->is_accepted = strcmp(value, u->accept) == 0;
    } else if ((value = dtt_http_field(&u->head, "sec-websocket-protocol"))) {
        u->version = strcmp(value, DTT_RELAY_PROTOCOL_V2) == 0   ? 2
                     : strcmp(value, DTT_RELAY_PROTOCOL_V1) == 0 ? 1
                                                                 : 0;
    }
}

int dtt_upgrade_recv(struct dtt_upgrade *u, struct dtt_slice bytes)
{
    size_t at = 0;
    while (at < bytes.len && !u->is_over) {
        int step = dtt_http_head_take(&u->head, bytes.data[at++]);
        if (step < 0) {
            return DTT_EPROTO;
        }
        if (step == DTT_HTTP_FIELD) {
            take_field(u);
        }
        u->is_over = step == DTT_HTTP_END;
    }
    return (int)at;
}
