/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A core and the relays that it was given, over real streams. */
#define _GNU_SOURCE
#include "io/relay_clients.h"

#include "io/host.h"
#include "node/inside.h"
#include "support/vectors.h"

#include "fake_relay.h"

static struct dtt_ctx ctx;
static struct dtt_core *core;
static uv_loop_t loop;
static bool is_stale;
static struct dtt_relay_clients clients;

static void setup(const struct fake *fakes, size_t n)
{
    static char texts[DTT_RELAYS_MAX][64];
    const char *urls[DTT_RELAYS_MAX];
    struct dtt_core_config cfg = {.ctx = &ctx,
                                  .node_seed = {1},
                                  .relays = urls,
                                  .n_relays = n,
                                  .bound = {{.family = DTT_FAMILY_V4, .port = 40003}}};
    ctx = (struct dtt_ctx){0};
    for (size_t i = 0; i < n; i++) {
        snprintf(texts[i], sizeof(texts[i]), "http://localhost:%u", fakes[i].port);
        urls[i] = texts[i];
    }
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(dtt_core_new(&core, &cfg, dtt_host_now()), DTT_OK);
    clients =
        (struct dtt_relay_clients){.ctx = &ctx, .core = core, .loop = &loop, .is_stale = &is_stale};
    assert_int_equal(dtt_relay_clients_init(&clients, dtt_host_now(), cfg.node_seed, urls, n),
                     DTT_OK);
}

static void teardown(void)
{
    dtt_relay_clients_fini(&clients);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    dtt_core_free(core);
}

static void turn(void)
{
    dtt_relay_clients_run(&clients, dtt_host_now());
    uv_run(&loop, UV_RUN_NOWAIT);
    usleep(1000);
}

/* Turns until `condition`, which has to come in time. */
#define RUN_UNTIL(condition)                                             \
    do {                                                                 \
        uint64_t until_ns = dtt_host_now().mono_ns + PATIENCE_S * DTT_S; \
        while (!(condition)) {                                           \
            assert_true(dtt_host_now().mono_ns < until_ns);              \
            turn();                                                      \
        }                                                                \
    } while (0)

static void one_denies_and_one_comes_late(void **state)
{
    struct fake fakes[2];
    const struct dtt_relays_one *denying, *late;
    struct dtt_core_packet packet = {.relay = 1, .segment = 5, .data = dtt_slice("hello", 5)};
    (void)state;
    fake_init(&fakes[0], NULL);
    fake_init(&fakes[1], NULL);
    fakes[0].word = "\x82\x0c\x03\x0anot listed";
    fakes[0].is_silent = true;
    fake_start(&fakes[0]);
    setup(fakes, 2);
    denying = &core->relays.list[0];
    late = &core->relays.list[1];
    RUN_UNTIL(denying->trouble.what && late->trouble.what);
    assert_string_equal(denying->trouble.what, "the relay denies access");
    assert_string_equal(denying->trouble.detail, "not listed");
    assert_string_equal(denying->trouble.advice, DTT_RELAY_ADVICE_OPERATOR);
    assert_string_equal(late->trouble.what, "the connection failed");
    assert_string_equal(late->trouble.detail, "the server cannot be reached: Connection refused");
    assert_string_equal(dtt_relays_home(&core->relays), "");

    fake_start(&fakes[1]);
    RUN_UNTIL(late->rtt_ns > 0);
    assert_true(late->is_up && is_stale);
    assert_null(late->trouble.what);
    assert_string_equal(dtt_relays_home(&core->relays), late->url);
    assert_true(dtt_relay_clients_deadline(&clients) < DTT_NEVER);
    dtt_relay_clients_send(&clients, dtt_host_now(), &packet);
    RUN_UNTIL(ctx.counters[DTT_COUNTER_NODE_RX_UNHEARD] > 0); /* no topic: nobody is to be heard */
    RUN_UNTIL(!late->is_up);                                  /* its one connection is over */
    assert_string_equal(late->trouble.detail, "the server closed the connection");
    assert_false(denying->is_up);
    for (size_t i = 0; i < 2; i++) {
        pthread_join(fakes[i].thread, NULL);
    }
    teardown();
    close(fakes[0].listener);
    close(fakes[1].listener);
}

/* The relay serves, and tells that what is sent to us goes to another one. */
static void the_same_id_is_there_twice(void **state)
{
    struct fake f;
    (void)state;
    fake_init(&f, NULL);
    f.word = "\x82\x01\x02\x82\x02\x0d\x01";
    f.is_silent = true;
    fake_start(&f);
    setup(&f, 1);
    const struct dtt_relays_one *one = &core->relays.list[0];
    RUN_UNTIL(one->trouble.what);
    assert_true(one->is_up);
    assert_string_equal(one->trouble.advice, "give each its own identity");
    teardown();
    pthread_join(f.thread, NULL);
    close(f.listener);
}

/* While the name is looked up, while the answer is awaited, and before another try. */
static void an_end_while_connecting(void **state)
{
    struct fake fakes[2];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        fake_init(&fakes[i], NULL);
    }
    assert_int_equal(listen(fakes[0].listener, 8), 0); /* and answers nothing */
    setup(fakes, 2);
    teardown();
    setup(fakes, 2);
    dtt_relay_clients_run(&clients, dtt_host_now());
    teardown();
    setup(fakes, 2);
    RUN_UNTIL(core->relays.list[1].trouble.what &&
              dtt_relay_state(dtt_relay_stream_client(clients.list[0].stream)) ==
                  DTT_RELAY_STATE_UPGRADING);
    teardown();
    close(fakes[0].listener);
    close(fakes[1].listener);
}

/* A peer's word leads no further into the host than the user's own has. */
static void a_foreign_relay_is_no_way_into_this_host(void **state)
{
    struct fake fakes[2];
    char url[64];
    const struct dtt_relays_one *given, *foreign;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        fake_init(&fakes[i], NULL);
        fakes[i].is_silent = true;
    }
    fake_start(&fakes[0]);
    setup(fakes, 1);
    given = &core->relays.list[0];
    foreign = &core->relays.list[DTT_RELAYS_MAX];
    RUN_UNTIL(given->is_up);
    assert_int_equal(clients.scopes, 1u << DTT_SCOPE_GLOBAL | 1u << DTT_SCOPE_LOOPBACK);

    fake_start(&fakes[1]);
    clients.scopes = 1u << DTT_SCOPE_GLOBAL; /* as if the given one were in the internet */
    static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(url, sizeof(url), "http://%s:%u", hosts[i], fakes[1].port);
        dtt_relays_want(&core->relays, dtt_host_now(), url);
        assert_int_not_equal(foreign->serial, 0);
        RUN_UNTIL(foreign->serial == 0); /* nobody was let in: the one client comes below */
        RUN_UNTIL(!clients.list[DTT_RELAYS_MAX].stream);
    }
    clients.scopes |= 1u << DTT_SCOPE_LOOPBACK;
    core->relays.shunned[0].until_ns = 0;
    snprintf(url, sizeof(url), "http://localhost:%u", fakes[1].port);
    dtt_relays_want(&core->relays, dtt_host_now(), url);
    RUN_UNTIL(foreign->is_up);
    assert_string_equal(dtt_relays_home(&core->relays), given->url);
    teardown();
    for (size_t i = 0; i < 2; i++) {
        pthread_join(fakes[i].thread, NULL);
        close(fakes[i].listener);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_denies_and_one_comes_late),
        cmocka_unit_test(the_same_id_is_there_twice),
        cmocka_unit_test(an_end_while_connecting),
        cmocka_unit_test(a_foreign_relay_is_no_way_into_this_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
