/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "options.h"

#include "commands.h"
#include "n0.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ID "1cd7b5a0f1a3e7bf79d3aa62f4bb5f2b3a5e9bb1ab7bd8a4d0e5c9d0a8b4f3c1"

static char error[OPTIONS_ERROR_MAX];
static char words[2048];

/* Splits `line` at blanks and parses it for `command`. */
static bool parse(struct options *o, const struct command *command, const char *line)
{
    char *argv[80];
    int argc = 0;

    assert_true(strlen(line) < sizeof(words));
    memcpy(words, line, strlen(line) + 1);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
        assert_true(argc < 80);
        argv[argc++] = word;
    }
    error[0] = '\0';
    return options_parse(o, command, argc, argv, error);
}

static void refuses(const struct command *command, const char *line, const char *sentence)
{
    struct options o;

    assert_false(parse(&o, command, line));
    assert_string_equal(error, sentence);
}

static void test_defaults(void **state)
{
    struct options o;

    (void)state;
    assert_true(parse(&o, &command_pipe, "room"));
    assert_string_equal(o.arg, "room");
    assert_int_equal(o.join_timeout_ms, -1);
    assert_int_equal(o.for_ms, -1);
    assert_int_equal(o.minute, -1);
    assert_int_equal(o.preset, DTT_PRESET_DEFAULT);
    assert_int_equal(o.log_level, DTT_LOG_OFF);
    assert_int_equal(o.n_bootstrap + o.n_listen + o.n_peers, 0);
    assert_false(o.json || o.quit_on_eof || o.help);
}

static void test_both_spellings(void **state)
{
    struct options o;

    (void)state;
    assert_true(parse(&o, &command_pipe,
                      "--for=1.5 --join-timeout 2 --secret-file=a=b room --json "
                      "--preset rust-0.3 --log=debug --identity -x --quit-on-eof "
                      "--tune get_timeout=3s --tune=secret_slot=on --old-line"));
    assert_int_equal(o.for_ms, 1500);
    assert_int_equal(o.join_timeout_ms, 2000);
    assert_string_equal(o.secret_file, "a=b");
    assert_string_equal(o.identity, "-x");
    assert_int_equal(o.preset, DTT_PRESET_RUST_0_3);
    assert_int_equal(o.tuning.size, sizeof(o.tuning));
    assert_int_equal(o.tuning.get_timeout, 3000);
    assert_int_equal(o.tuning.secret_slot, 1);
    assert_int_equal(o.tuning.old_line_slot, 1);
    assert_int_equal(o.tuning.put_timeout, 0);
    assert_int_equal(o.log_level, DTT_LOG_DEBUG);
    assert_true(o.json && o.quit_on_eof);
}

static void test_arguments(void **state)
{
    struct options o;

    (void)state;
    assert_true(parse(&o, &command_pipe, "-- --room"));
    assert_string_equal(o.arg, "--room");
    assert_true(parse(&o, &command_dht_put, "-"));
    assert_string_equal(o.arg, "-");
    refuses(&command_pipe, "", "'pipe' needs a TOPIC; 'dtt pipe --help' explains");
    refuses(&command_dht_ping, "", "'dht ping' needs an ADDR:PORT; 'dtt dht ping --help' explains");
    refuses(
        &command_pipe, "--tune slot_width=99 room",
        "option '--tune slot_width=99': slot_width must be a whole number from 1 to 32; 'dtt pipe "
        "--tune list' shows the knobs");
    refuses(&command_pipe, "--tune slot_width=2 room",
            "option '--tune': slot_copies must not be more than slot_width");
    refuses(&command_pipe, "--lan iroh --no-lan room",
            "'--lan iroh' and '--no-lan' exclude each other");
    refuses(&command_pipe, "a b",
            "'pipe' takes one TOPIC, and 'b' is a second one (quote what has spaces)");
    refuses(&command_testnet, "a",
            "'testnet' takes no argument, but 'a' was given; 'dtt testnet --help' explains");
    assert_false(options_parse(&o, &command_pipe, 1, (char *[]){(char[]){""}}, error));
    assert_string_equal(error, "the TOPIC is empty");
}

static void test_unknown(void **state)
{
    (void)state;
    refuses(&command_pipe, "--foo room",
            "unknown option '--foo' for 'pipe'; 'dtt pipe --help' lists them");
    refuses(&command_dht_get, "--secret=x aa",
            "unknown option '--secret' for 'dht get'; 'dtt dht get --help' lists them");
    /* Neither the beginning of an option nor one with a tail. */
    refuses(&command_pipe, "--jso room",
            "unknown option '--jso' for 'pipe'; 'dtt pipe --help' lists them");
    refuses(&command_pipe, "--jsonx room",
            "unknown option '--jsonx' for 'pipe'; 'dtt pipe --help' lists them");
    refuses(&command_pipe, "-j room",
            "unknown option '-j' for 'pipe'; options are words, and 'dtt pipe --help' lists them");
}

static void test_values(void **state)
{
    static const char *const bad[] = {
        "--for -1",
        "--for 1e9",
        "--for inf",
        "--for 1.2.3",
        "--for=",
        "--for 0x10",
        "--preset fast",
        "--log 3",
        "--bootstrap host",
        "--bootstrap :1",
        "--bootstrap h:0",
        "--bootstrap h:65536",
        "--bootstrap ::1:80",
        "--bootstrap h:1x",
        "--listen host:1",
        "--listen 1.2.3.4",
        "--listen 1.2.3.4:x",
        "--peer x@1.2.3.4:5",
        ("--peer " ID "@"),
        "--pkarr dns.iroh.link",
        "--pkarr ftp://dns.iroh.link/",
        "--dns-origin a..b",
        "--dns-origin=",
        "--ca-file=",
        ("--peer " ID "@1.2.3.4:0"),
        ("--peer " ID "@h:5"),
        "--secret-file=",
        "--secret=",
        "--identity=",
    };
    struct options o;
    char line[256];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(line, sizeof(line), "%s room", bad[i]);
        assert_false(parse(&o, &command_pipe, line));
        assert_non_null(strstr(error, " is not "));
    }
    refuses(&command_pipe, "room --for", "option '--for' needs a value: --for SECONDS");
    refuses(&command_pipe, "room --json=1", "option '--json' takes no value");
    refuses(&command_testnet, "--nodes 0", "option '--nodes': '0' is not a number from 1 to 500");
    refuses(&command_testnet, "--nodes 501",
            "option '--nodes': '501' is not a number from 1 to 500");
    refuses(&command_demo, "--peers 1", "option '--peers': '1' is not a number from 2 to 50");
    refuses(&command_dht_put, "--seq 9223372036854775808 v",
            "option '--seq': '9223372036854775808' is not a number from 0 to 9223372036854775807");
}

static void test_addresses(void **state)
{
    struct options o;

    (void)state;
    assert_true(parse(&o, &command_pipe,
                      "--bootstrap router.example:6881 --bootstrap [::1]:5 "
                      "--listen 0.0.0.0:0 --listen [::]:0 room"));
    assert_int_equal(o.n_bootstrap, 2);
    assert_string_equal(o.bootstrap[1], "[::1]:5");
    assert_int_equal(o.n_listen, 2);
    refuses(&command_pipe, "--listen 0.0.0.0:0 --listen 127.0.0.1:0 room",
            "option '--listen 127.0.0.1:0' is one too many; 'dtt pipe --help' says how often it "
            "can be given");
}

static void test_too_many(void **state)
{
    struct options o;
    char line[1024];
    size_t len = (size_t)snprintf(line, sizeof(line), "room");

    (void)state;
    for (int i = 0; i < OPTIONS_BOOTSTRAP_MAX; i++) {
        len += (size_t)snprintf(line + len, sizeof(line) - len, " --bootstrap a:1");
    }
    assert_true(parse(&o, &command_pipe, line));
    assert_int_equal(o.n_bootstrap, OPTIONS_BOOTSTRAP_MAX);
    snprintf(line + len, sizeof(line) - len, " --bootstrap b:1");
    assert_false(parse(&o, &command_pipe, line));
    assert_non_null(strstr(error, "one too many"));
}

static void test_peers(void **state)
{
    uint8_t seed[DTT_SEED_BYTES] = {1};
    struct options o;
    struct dtt_id id;
    char text[DTT_ID_TEXT_MAX], line[256];

    (void)state;
    dtt_id_from_seed(seed, &id);
    dtt_id_format(&id, text);
    snprintf(line, sizeof(line), "--peer %s@127.0.0.1:4433 room", text);
    assert_true(parse(&o, &command_pipe, line));
    assert_int_equal(o.n_peers, 1);
    assert_memory_equal(&o.peers[0].id, &id, sizeof(id));
    assert_int_equal(o.peers[0].addr.port, 4433);
    snprintf(line, sizeof(line), "--peer %s room", text);
    assert_true(parse(&o, &command_pipe, line));
    assert_int_equal(o.n_peers, 1);
    assert_int_equal(o.peers[0].addr.family, DTT_FAMILY_NONE);
    /* The same word means an active peer of the record here. */
    snprintf(line, sizeof(line), "--peer %s --topic t", text);
    assert_true(parse(&o, &command_record_seal, line));
    assert_int_equal(o.record.n_active_peers, 1);
    assert_memory_equal(&o.record.active_peers[0], &id, sizeof(id));
}

static void test_servers(void **state)
{
    struct options o;
    (void)state;
    assert_true(parse(&o, &command_chat,
                      "--pkarr https://a.test/pkarr --pkarr http://b.test:1 --dns-origin c.test "
                      "--publish-addrs --ca-file d room"));
    assert_int_equal(o.n_pkarr, 2);
    assert_string_equal(o.pkarr[0], "https://a.test/pkarr");
    assert_string_equal(o.pkarr[1], "http://b.test:1");
    assert_int_equal(o.n_dns_origins, 1);
    assert_string_equal(o.dns_origins[0], "c.test");
    assert_true(o.publish_addrs);
    assert_string_equal(o.ca_file, "d");
}

static void test_relays(void **state)
{
    struct options o;
    (void)state;
    assert_true(parse(&o, &command_doctor,
                      "--relay https://a.test./?token=t --relay http://[::1]:3340 --ca-file d"));
    assert_int_equal(o.n_relays, 2);
    assert_string_equal(o.relays[0], "https://a.test./?token=t");
    assert_string_equal(o.relays[1], "http://[::1]:3340");
    refuses(
        &command_doctor, "--relay a.test/?token=t",
        "option '--relay': 'a.test/' is not a URL of the form https://HOST[:PORT], or with http");
    refuses(&command_doctor,
            "--relay http://a:1 --relay http://a:2 --relay http://a:3 --relay http://a:4 --relay "
            "http://a:5 --relay http://a:6 --relay http://a:7 --relay http://a:8 --relay "
            "http://a:9?token=t",
            "option '--relay http://a:9' is one too many; 'dtt doctor --help' says how often it "
            "can be given");
}

static void test_n0(void **state)
{
    struct options o;
    (void)state;
    assert_true(parse(&o, &command_pipe, "--n0 room"));
    assert_int_equal(o.n_relays, N0_RELAYS);
    assert_string_equal(o.relays[0], "https://use1-1.relay.n0.iroh.link./");
    assert_int_equal(o.n_pkarr, 1);
    assert_string_equal(o.pkarr[0], N0_PKARR);
    assert_int_equal(o.n_dns_origins, 1);
    assert_string_equal(o.dns_origins[0], N0_DNS_ORIGIN);
    assert_false(o.publish_addrs);
    assert_true(parse(&o, &command_doctor, "--n0"));
    assert_int_equal(o.n_relays, N0_RELAYS);
    assert_true(parse(&o, &command_chat, "room"));
    assert_int_equal(o.n_relays + o.n_pkarr + o.n_dns_origins, 0);
    /* They come behind those that are named, and are not there twice. */
    assert_true(parse(&o, &command_chat,
                      "--n0 --relay http://a:1 --relay http://a:2 --relay http://a:3 --relay "
                      "http://a:4 --pkarr " N0_PKARR " --dns-origin a.test room"));
    assert_int_equal(o.n_relays, 8);
    assert_string_equal(o.relays[3], "http://a:4");
    assert_string_equal(o.relays[4], "https://use1-1.relay.n0.iroh.link./");
    assert_int_equal(o.n_pkarr, 1);
    assert_string_equal(o.dns_origins[1], N0_DNS_ORIGIN);
    assert_false(parse(&o, &command_chat,
                       "--n0 --relay http://a:1 --relay http://a:2 --relay http://a:3 --relay "
                       "http://a:4 --relay http://a:5 room"));
    assert_non_null(strstr(error, "'--n0' has 4 relays"));
    assert_false(parse(&o, &command_chat,
                       "--pkarr http://a --pkarr http://b --pkarr http://c --pkarr http://d --n0 "
                       "room"));
    assert_non_null(strstr(error, "'--n0'"));
}

static void test_record(void **state)
{
    struct options o;

    (void)state;
    assert_true(parse(&o, &command_record_seal,
                      "--topic-hash " ID " --minute 29371234 --hash " ID
                      " --addr 1.2.3.4:5 --addr [::1]:6 --hex"));
    assert_true(o.n_topic_hashes == 1 && o.hex);
    assert_int_equal(o.topic_hash[0][0], 0x1c);
    assert_int_equal(o.topic_hash[0][31], 0xc1);
    assert_int_equal(o.minute, 29371234);
    assert_int_equal(o.record.n_message_hashes, 1);
    assert_int_equal(o.record.n_addrs, 2);
    assert_int_equal(o.record.addrs[1].family, DTT_FAMILY_V6);
    assert_false(parse(&o, &command_record_seal, "--topic-hash 1c"));
    assert_false(parse(&o, &command_record_seal, "--hash " ID "00"));
    assert_false(parse(&o, &command_record_seal, "--addr 1.2.3.4:0"));
}

static void test_help_wins(void **state)
{
    struct options o;

    (void)state;
    assert_true(parse(&o, &command_pipe, "--help"));
    assert_true(o.help);
    assert_true(parse(&o, &command_pipe, "--json -h --nonsense"));
    assert_true(o.help);
}

/* Every help text fits a terminal and names the options of its command only. */
static void test_help_text(void **state)
{
    (void)state;
    for (size_t i = 0; commands[i]; i++) {
        FILE *file = tmpfile();
        char line[256];

        assert_non_null(file);
        options_help(file, commands[i]);
        rewind(file);
        while (fgets(line, sizeof(line), file)) {
            struct options o;
            char option[64];

            assert_true(strlen(line) <= 81); /* with the newline */
            if (sscanf(line, "  --%60[a-z0-9-]", option) == 1) {
                snprintf(line, sizeof(line), "--%s", option);
                (void)parse(&o, commands[i], line);
                assert_null(strstr(error, "unknown"));
            }
        }
        fclose(file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),  cmocka_unit_test(test_both_spellings),
        cmocka_unit_test(test_arguments), cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_values),    cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_too_many),  cmocka_unit_test(test_peers),
        cmocka_unit_test(test_servers),   cmocka_unit_test(test_relays),
        cmocka_unit_test(test_n0),        cmocka_unit_test(test_record),
        cmocka_unit_test(test_help_wins), cmocka_unit_test(test_help_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
