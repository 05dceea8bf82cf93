/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Runs a fuzz target without a fuzzer: each file of the corpus folder, then truncations and seeded
 * random mutations of it, ROUNDS of each for the whole folder, however many files there are.
 * Deterministic. Usage: fuzz-NAME CORPUS [ROUNDS]
 */
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define INPUT_MAX 65536

static uint64_t state = 1;

static uint64_t draw(uint64_t bound)
{
    /* xorshift64*: any decent generator will do here, and this one is the same everywhere. */
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * UINT64_C(2685821657736338717) % bound;
}

static void run(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    if (!copy) {
        exit(1);
    }
    memcpy(copy, data, len);
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

static size_t mutate(uint8_t *data, size_t len)
{
    for (uint64_t n = 1 + draw(4); n > 0; n--) {
        size_t at = len ? (size_t)draw(len) : 0;
        switch (draw(6)) {
        case 0: /* flip a bit */
            if (len) {
                data[at] ^= (uint8_t)(1u << draw(8));
            }
            break;
        case 1: /* a byte that parsers care for */
            if (len) {
                data[at] = (uint8_t) "\0\xff\x7f\x80"
                                     "0i-el:d9"[draw(12)];
            }
            break;
        case 2: /* insert */
            if (len < INPUT_MAX) {
                memmove(data + at + 1, data + at, len - at);
                data[at] = (uint8_t)draw(256);
                len++;
            }
            break;
        case 3: /* delete a run */
            if (len) {
                size_t run_len = 1 + (size_t)draw(len - at < 16 ? len - at : 16);
                memmove(data + at, data + at + run_len, len - at - run_len);
                len -= run_len;
            }
            break;
        case 4: /* repeat a run */
            if (len) {
                size_t run_len = 1 + (size_t)draw(len - at < 64 ? len - at : 64);
                if (len + run_len <= INPUT_MAX) {
                    memmove(data + at + run_len, data + at, len - at);
                    len += run_len;
                }
            }
            break;
        default: /* cut */ len = len ? (size_t)draw(len) : 0;
        }
    }
    return len;
}

int main(int argc, char **argv)
{
    long total = argc > 2 ? atol(argv[2]) : 20000;
    struct dirent **entries;
    int n = argc > 1 ? scandir(argv[1], &entries, NULL, alphasort) : -1;
    size_t rounds = n > 0 ? (size_t)(total / n) + 1 : 0;
    static uint8_t seed[INPUT_MAX + 1];
    static uint8_t input[INPUT_MAX + 1];
    int files = 0;
    if (n < 0) {
        fprintf(stderr, "usage: %s CORPUS [ROUNDS]: no such folder\n", argv[0]);
        return 2;
    }
    for (int i = 0; i < n; i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", argv[1], entries[i]->d_name);
        free(entries[i]);
        FILE *f = fopen(path, "rb");
        size_t len = f ? fread(seed, 1, INPUT_MAX, f) : 0;
        if (f) {
            fclose(f);
        }
        if (len == 0) {
            continue;
        }
        files++;
        run(seed, len);
        for (size_t cut = 0; cut < len; cut += len / rounds + 1) {
            run(seed, cut);
        }
        for (size_t r = 0; r < rounds; r++) {
            memcpy(input, seed, len);
            run(input, mutate(input, len));
        }
    }
    free(entries);
    if (files == 0) {
        fprintf(stderr, "%s: the corpus %s is empty\n", argv[0], argv[1]);
        return 1;
    }
    printf("%d seeds, %zu mutations each\n", files, rounds);
    return 0;
}
