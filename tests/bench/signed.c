/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Processor time of one core for signed messages, beside the sum of what libsodium does in them;
 * and for looking at a plain message, which is what signing costs those who do not sign. JSON, one
 * line a turn.
 */
#define _POSIX_C_SOURCE 200809L
#include "author/envelope.h"
#include "crypto/ed25519.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TURNS 7
#define SIGNED 4000   /* messages a turn */
#define PLAIN 4000000 /* likewise, a thousand times as fast */
#define TEXT "a line as people say it in a room"

static double seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void demand(int ok)
{
    if (!ok) {
        (void)fputs("signed: an envelope was not good\n", stderr);
        exit(1);
    }
}

int main(void)
{
    static const uint8_t seed[32] = {1};
    uint8_t room[512];
    uint8_t key[crypto_sign_SECRETKEYBYTES];
    uint8_t signature[crypto_sign_BYTES];
    struct dtt_envelope e = {
        .kind = DTT_ENVELOPE_TEXT, .content = dtt_slice(TEXT, strlen(TEXT)), .is_dated = true};
    struct dtt_slice plain = dtt_slice(TEXT, strlen(TEXT));
    demand(sodium_init() >= 0 && crypto_sign_seed_keypair(e.author.bytes, key, seed) == 0);
    for (int turn = 0; turn < TURNS; turn++) {
        struct dtt_writer w;
        double begun = seconds();
        for (int i = 0; i < SIGNED; i++) {
            w = dtt_writer(room, sizeof(room));
            e.seq++;
            dtt_envelope_write(&w, &e, seed);
        }
        double wrote = seconds();
        struct dtt_slice message = dtt_slice(room, w.len);
        struct dtt_envelope read;
        for (int i = 0; i < SIGNED; i++) {
            demand(dtt_envelope_read(message, &read) == DTT_OK && dtt_envelope_is_good(&read));
        }
        double verified = seconds();
        for (int i = 0; i < SIGNED; i++) {
            demand(crypto_sign_detached(signature, NULL, read.data.data, read.data.len, key) == 0);
        }
        double sodium_signed = seconds();
        for (int i = 0; i < SIGNED; i++) {
            demand(crypto_sign_verify_detached(read.signature, read.data.data, read.data.len,
                                               read.author.bytes) == 0);
        }
        double sodium_verified = seconds();
        for (int i = 0; i < PLAIN; i++) {
            struct dtt_envelope none;
            demand(dtt_envelope_read(plain, &none) != DTT_OK);
        }
        double looked = seconds();
        printf("{\"sign\": %.0f, \"verify\": %.0f, \"sodium_sign\": %.0f, \"sodium_verify\": %.0f, "
               "\"plain\": %.0f}\n",
               SIGNED / (wrote - begun), SIGNED / (verified - wrote),
               SIGNED / (sodium_signed - verified), SIGNED / (sodium_verified - sodium_signed),
               PLAIN / (looked - sodium_verified));
    }
    return 0;
}
