/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Looks for secrets that functions leave on the stack. They run on a stack that is mapped twice;
 * the second mapping is searched, which no sanitizer minds.
 */
#define _DEFAULT_SOURCE
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/hpke.h"
#include "crypto/hpke_schedule.h"
#include "record/record.h"
#include "support/vectors.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACK_BYTES ((size_t)1 << 19)
#define SECRETS 13

/*
 * All secrets of one sealed record. Not the AEAD keys: libsodium's cipher itself spills those.
 */
static union {
    uint8_t all[SECRETS][32];
    struct {
        struct dtt_record_keys keys;
        uint8_t enc_seed[32];
        uint8_t node_seed[32];
        uint8_t secret_hash[32];
        uint8_t scalar[3][32];      /* of the one-time, encryption and node seed */
        uint8_t shared_data[2][32]; /* DH result and shared secret of the data blob */
        uint8_t shared_key[2][32];
    } is;
} secret;

static const uint8_t topic[32] = {1};
static uint8_t plain[DTT_RECORD_PLAIN_MAX];
static size_t plain_len;
static uint8_t sealed[DTT_RECORD_VALUE_MAX];
static size_t sealed_len;

/* Outputs that are secrets themselves go here and not onto the stack. */
static uint8_t out[64];
static uint8_t data_enc[32];
static uint8_t one_time_pk[32];
static struct dtt_hpke_schedule schedule;
static struct dtt_rng rng;

static void run_sign(void)
{
    static const uint8_t content[DTT_CONTENT_FIXED];
    struct dtt_writer w = dtt_writer(plain, sizeof(plain));
    dtt_record_sign(&w, topic, 1, dtt_slice(content, sizeof(content)), secret.is.node_seed);
    plain_len = w.len;
}

static void run_encrypt_with(void)
{
    struct dtt_writer w = dtt_writer(sealed, sizeof(sealed));
    dtt_record_encrypt_with(&w, dtt_slice(plain, plain_len), secret.is.enc_seed, &secret.is.keys);
    sealed_len = w.len;
}

/* With the stream that the keys were drawn from. */
static void run_encrypt(void)
{
    struct dtt_writer w = dtt_writer(sealed, sizeof(sealed));
    dtt_record_encrypt(&w, dtt_slice(plain, plain_len), secret.is.enc_seed, &rng);
}

static void run_decrypt(void)
{
    size_t len;
    dtt_record_decrypt(plain, &len, dtt_slice(sealed, sealed_len), secret.is.enc_seed);
}

static void run_public_keys(void)
{
    dtt_x25519_public_from_seed(out, secret.is.enc_seed);
}

static void run_ed25519_public_key(void)
{
    dtt_ed25519_public_key(out, secret.is.node_seed);
}

static void run_ed25519_sign(void)
{
    dtt_ed25519_sign(out, dtt_slice(topic, 32), secret.is.node_seed);
}

static void run_sha512(void)
{
    const struct dtt_slice part = dtt_slice(secret.is.node_seed, 32);
    dtt_sha512_32(out, &part, 1);
}

static void run_rotate(void)
{
    static struct dtt_secret s;
    memcpy(s.hash, secret.is.secret_hash, 32);
    dtt_secret_rotate(out, &s, topic, 1);
}

static void run_shared_secret(void)
{
    dtt_hpke_shared_secret(out, secret.is.shared_data[0], data_enc, one_time_pk);
}

static void run_schedule(void)
{
    dtt_hpke_schedule(&schedule, secret.is.shared_data[1], dtt_slice(topic, 32));
}

static void run_careless(void)
{
    volatile uint8_t copy[32];
    for (unsigned i = 0; i < 32; i++) {
        copy[i] = secret.is.node_seed[i];
    }
    (void)copy[0];
}

typedef void (*job_fn)(void);

/* Puts the frames under test out of reach of what the thread does before it ends. */
static void call_deep(volatile job_fn *job)
{
    volatile uint8_t distance[16384];
    for (size_t i = 0; i < sizeof(distance); i++) {
        distance[i] = 0;
    }
    (*job)();
    (void)distance[0];
}

static void *thread_main(void *arg)
{
    call_deep(arg);
    return NULL;
}

/* Runs the job and counts the halves of secrets that it left on its stack. */
static unsigned residue(job_fn job)
{
    FILE *file = tmpfile();
    volatile job_fn fn = job;
    pthread_attr_t attr;
    pthread_t thread;
    uint8_t *map[2];
    unsigned found = 0;
    assert_non_null(file);
    assert_int_equal(ftruncate(fileno(file), (off_t)STACK_BYTES), 0);
    for (unsigned i = 0; i < 2; i++) {
        map[i] = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
        assert_ptr_not_equal(map[i], MAP_FAILED);
    }
    assert_int_equal(pthread_attr_init(&attr), 0);
    assert_int_equal(pthread_attr_setstack(&attr, map[0], STACK_BYTES), 0);
    assert_int_equal(pthread_create(&thread, &attr, thread_main, (void *)&fn), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    for (size_t at = 0; at + 16 <= STACK_BYTES; at++) {
        for (size_t i = 0; i < 2 * SECRETS; i++) {
            found += memcmp(map[1] + at, secret.all[i / 2] + i % 2 * 16, 16) == 0;
        }
    }
    pthread_attr_destroy(&attr);
    munmap(map[0], STACK_BYTES);
    munmap(map[1], STACK_BYTES);
    fclose(file);
    return found;
}

static void share(uint8_t ret[2][32], uint8_t enc[32], uint8_t pk[32], const uint8_t seed[32],
                  const uint8_t eph[32])
{
    dtt_x25519_public_from_seed(pk, seed);
    crypto_scalarmult_base(enc, eph);
    assert_int_equal(crypto_scalarmult(ret[0], eph, pk), 0);
    dtt_hpke_shared_secret(ret[1], ret[0], enc, pk);
}

static int setup(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {'w'};
    dtt_rng_init(&rng, seed, "test");
    dtt_rng_bytes(&rng, &secret.is.keys, sizeof(secret.is.keys));
    dtt_rng_init(&rng, seed, "others");
    dtt_rng_bytes(&rng, secret.is.enc_seed, 96);
    dtt_x25519_private_from_seed(secret.is.scalar[0], secret.is.keys.seed);
    dtt_x25519_private_from_seed(secret.is.scalar[1], secret.is.enc_seed);
    dtt_x25519_private_from_seed(secret.is.scalar[2], secret.is.node_seed);
    share(secret.is.shared_key, data_enc, one_time_pk, secret.is.enc_seed,
          secret.is.keys.key_ephemeral);
    share(secret.is.shared_data, data_enc, one_time_pk, secret.is.keys.seed,
          secret.is.keys.data_ephemeral);
    dtt_rng_init(&rng, seed, "test");
    run_sign();
    run_encrypt_with();
    return 0;
}

static void test_the_search_finds_something(void **state)
{
    (void)state;
    assert_int_not_equal(residue(run_careless), 0);
}

static void test_no_secret_stays_on_the_stack(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        job_fn job;
    } jobs[] = {
        {"record sign", run_sign},
        {"record encrypt with", run_encrypt_with},
        {"record encrypt", run_encrypt},
        {"record decrypt", run_decrypt},
        {"x25519 public key", run_public_keys},
        {"ed25519 public key", run_ed25519_public_key},
        {"ed25519 sign", run_ed25519_sign},
        {"sha512", run_sha512},
        {"rotate", run_rotate},
        {"hpke shared secret", run_shared_secret},
        {"hpke schedule", run_schedule},
    };
    for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
        unsigned found = residue(jobs[i].job);
        if (found) {
            fail_msg("%s leaves %u pieces of secrets", jobs[i].name, found);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_search_finds_something),
        cmocka_unit_test(test_no_secret_stays_on_the_stack),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
