/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "relay/upgrade.h"

#include "codec/text.h"
#include "crypto/hash.h"
#include "relay/relay_wire.h"

/* RFC 6455, section 1.3. */
static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

static void write_field(struct dtt_writer *w, const char *name, const char *value)
{
    dtt_write_text(w, name);
    dtt_write_text(w, ": ");
    dtt_write_text(w, value);
    dtt_write_text(w, "\r\n");
}

void dtt_upgrade_write(struct dtt_writer *w, const struct dtt_upgrade_request *request)
{
    char key[DTT_BASE64_LEN(DTT_UPGRADE_KEY_BYTES) + 1];
    dtt_base64_encode(key, dtt_slice(request->key, DTT_UPGRADE_KEY_BYTES));
    dtt_write_text(w, "GET " DTT_RELAY_PATH);
    dtt_write_text(w, request->query);
    dtt_write_text(w, " HTTP/1.1\r\n");
    write_field(w, "Host", request->authority);
    write_field(w, "Connection", "Upgrade");
    write_field(w, "Upgrade", "websocket"); /* iroh-relay compares the case, too */
    write_field(w, "Sec-WebSocket-Key", key);
    write_field(w, "Sec-WebSocket-Version", "13");
    write_field(w, "Sec-WebSocket-Protocol", DTT_RELAY_PROTOCOL_V2 ", " DTT_RELAY_PROTOCOL_V1);
    if (request->auth) {
        write_field(w, DTT_RELAY_AUTH_FIELD, request->auth);
    }
    dtt_write_text(w, "\r\n");
}

void dtt_upgrade_init(struct dtt_upgrade *u, const uint8_t key[DTT_UPGRADE_KEY_BYTES])
{
    char text[DTT_BASE64_LEN(DTT_UPGRADE_KEY_BYTES) + 1];
    uint8_t sha1[20];
    *u = (struct dtt_upgrade){.status = 0};
    dtt_base64_encode(text, dtt_slice(key, DTT_UPGRADE_KEY_BYTES));
    dtt_sha1_2(sha1, dtt_slice(text, strlen(text)), dtt_slice(guid, sizeof(guid) - 1));
    dtt_base64_encode(u->accept, dtt_slice(sha1, sizeof(sha1)));
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool begins_with(const char *line, const char *word)
{
    for (; *word; word++, line++) {
        if (lower(*line) != *word) {
            return false;
        }
    }
    return true;
}

/* The value of the field `name`, which ends in a colon; NULL: another field. */
static const char *value_of(char *line, const char *name)
{
    if (!begins_with(line, name)) {
        return NULL;
    }
    char *value = line + strlen(name);
    value += strspn(value, " \t");
    for (size_t n = strlen(value); n > 0 && strchr(" \t", value[n - 1]); n--) {
        value[n - 1] = '\0';
    }
    return value;
}

static int take_status_line(struct dtt_upgrade *u)
{
    const char *line = u->line;
    if (strncmp(line, "HTTP/1.1 ", 9) != 0 && strncmp(line, "HTTP/1.0 ", 9) != 0) {
        return DTT_EPROTO;
    }
    for (size_t i = 9; i < 12; i++) {
        if (line[i] < '0' || line[i] > '9') {
            return DTT_EPROTO;
        }
        u->status = 10 * u->status + (unsigned)(line[i] - '0');
    }
    return u->status >= 100 && strchr(" ", line[12]) ? DTT_OK : DTT_EPROTO;
}

static void take_field(struct dtt_upgrade *u)
{
    const char *value;
    if ((value = value_of(u->line, "upgrade:"))) {
        u->is_websocket = strlen(value) == 9 && begins_with(value, "websocket");
    } else if ((value = value_of(u->line, "sec-websocket-accept:"))) {
        u->is_accepted = strcmp(value, u->accept) == 0;
    } else if ((value = value_of(u->line, "sec-websocket-protocol:"))) {
        u->version = strcmp(value, DTT_RELAY_PROTOCOL_V2) == 0   ? 2
                     : strcmp(value, DTT_RELAY_PROTOCOL_V1) == 0 ? 1
                                                                 : 0;
    }
}

static int take_line(struct dtt_upgrade *u)
{
    int err = DTT_OK;
    if (u->line_len > 0 && u->line[u->line_len - 1] == '\r') {
        u->line_len--;
    }
    u->line[u->line_len] = '\0';
    if (u->status == 0) {
        err = take_status_line(u);
    } else if (u->line_len == 0) {
        u->is_over = true;
    } else {
        take_field(u);
    }
    u->line_len = 0;
    return err;
}

static int take_byte(struct dtt_upgrade *u, char byte)
{
    if (byte == '\0' || ++u->head_len > DTT_UPGRADE_HEAD_MAX) {
        return DTT_EPROTO;
    }
    if (byte == '\n') {
        return take_line(u);
    }
    if (u->line_len < DTT_UPGRADE_LINE_MAX - 1) {
        u->line[u->line_len++] = byte;
    }
    return DTT_OK;
}

int dtt_upgrade_recv(struct dtt_upgrade *u, struct dtt_slice bytes)
{
    size_t at = 0;
    while (at < bytes.len && !u->is_over) {
        int err = take_byte(u, (char)bytes.data[at++]);
        if (err) {
            return err;
        }
    }
    return (int)at;
}
