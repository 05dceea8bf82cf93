/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A DHT client of the public API that stays: one node, one operation at a time.
 *
 *     dht_client BOOTSTRAP...
 *
 * Reads "put SEED SALT VALUE" and "get KEY SALT" (hex, text, text), a line each; prints the key of
 * a put, the time of each value, and the end of the operation as JSON, times in ms.
 */
#define _DEFAULT_SOURCE
#include <dtt/dht.h>

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HOSTS 32

static double start_ms;

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void die(const char *what, int err)
{
    fprintf(stderr, "dht_client: %s: %s\n", what, dtt_error_text(err));
    exit(1);
}

static void from_hex(uint8_t *ret, size_t len, const char *text)
{
    for (size_t i = 0; i < len; i++) {
        unsigned byte = 0;
        if (sscanf(text + 2 * i, "%2x", &byte) != 1) {
            die(text, DTT_EINVAL);
        }
        ret[i] = (uint8_t)byte;
    }
}

static void run(dtt_node *n, char *line)
{
    const char *verb = strtok(line, " \n");
    const char *hex = strtok(NULL, " \n");
    const char *salt = strtok(NULL, " \n");
    const char *value = strtok(NULL, " \n");
    uint8_t key[32];
    uint32_t op;
    int err = DTT_EINVAL;
    if (!verb || !hex || !salt) {
        die("bad command", DTT_EINVAL);
    }
    from_hex(key, sizeof(key), hex);
    start_ms = now_ms();
    if (strcmp(verb, "get") == 0) {
        struct dtt_dht_get get = {
            .size = sizeof(get), .key = key, .salt = salt, .salt_len = strlen(salt)};
        err = dtt_node_dht_get(n, &get, &op);
    } else if (value) {
        struct dtt_dht_put put = {.size = sizeof(put),
                                  .seed = key,
                                  .salt = salt,
                                  .salt_len = strlen(salt),
                                  .value = value,
                                  .value_len = strlen(value),
                                  .seq = 1};
        err = dtt_node_dht_put(n, &put, &op);
    }
    if (err) {
        die(verb, err);
    }
}

static void print_hex(const char *name, const uint8_t *data, size_t len)
{
    printf(",\"%s\":\"", name);
    for (size_t i = 0; i < len; i++) {
        printf("%02x", data[i]);
    }
    printf("\"");
}

static void report(const struct dtt_event *e)
{
    double ms = now_ms() - start_ms;
    switch (e->type) {
    case DTT_EVENT_DHT_READY: printf("{\"event\":\"ready\"}\n"); break;
    case DTT_EVENT_DHT_VALUE:
        printf("{\"event\":\"value\",\"ms\":%.1f,\"own\":%s", ms,
               e->u.dht_value.holder.family == DTT_FAMILY_NONE ? "true" : "false");
        print_hex("value", e->u.dht_value.data, e->u.dht_value.data_len);
        printf("}\n");
        break;
    case DTT_EVENT_DHT_DONE:
        printf("{\"event\":\"done\",\"ms\":%.1f,\"asked\":%" PRIu32 ",\"values\":%" PRIu32 "}\n",
               ms, e->u.dht_done.asked, e->u.dht_done.values);
        break;
    case DTT_EVENT_DHT_PUT:
        printf("{\"event\":\"done\",\"ms\":%.1f,\"asked\":%" PRIu32 ",\"acked\":%" PRIu32, ms,
               e->u.dht_put.asked, e->u.dht_put.acked);
        print_hex("key", e->u.dht_put.key, sizeof(e->u.dht_put.key));
        printf("}\n");
        break;
    default: return;
    }
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *const listen[] = {"127.0.0.1:0"};
    struct dtt_config cfg = {.size = sizeof(cfg),
                             .listen = listen,
                             .n_listen = 1,
                             .bootstrap = (const char *const *)argv + 1,
                             .n_bootstrap = (size_t)(argc - 1 < HOSTS ? argc - 1 : HOSTS),
                             .flags = DTT_NODE_DHT_ONLY};
    char line[4096];
    dtt_node *n;
    int err = dtt_node_open(&n, &cfg);
    if (err) {
        die("open", err);
    }
    setvbuf(stdin, NULL, _IONBF, 0); /* what poll says must be true */
    for (;;) {
        struct pollfd fds[] = {{.fd = dtt_node_fd(n), .events = POLLIN},
                               {.fd = STDIN_FILENO, .events = POLLIN}};
        const struct dtt_event *e;
        poll(fds, 2, -1);
        if (fds[1].revents) {
            if (!fgets(line, sizeof(line), stdin)) {
                break;
            }
            run(n, line);
        }
        err = dtt_node_process(n);
        if (err) {
            die("process", err);
        }
        while ((e = dtt_node_next_event(n)) != NULL) {
            report(e);
        }
    }
    dtt_node_close(n);
    return 0;
}
