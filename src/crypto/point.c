/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Whether bytes are a point of edwards25519, by the Jacobi symbol. libsodium answers that only as
 * part of an addition, at several times the cost, and gossip asks it for every peer that messages
 * name. Nothing here is secret.
 */
#include "crypto/ed25519.h"

/* Numbers modulo p = 2^255 - 19, below 2^256: for products in words of 32 bits. */
typedef uint32_t fe[8];

/* A carry out of the top word counts 2^256 = 38. */
static void fold(fe r, uint64_t carry)
{
    while (carry > 0) {
        uint64_t sum = carry * 38;
        for (unsigned i = 0; i < 8; i++) {
            sum += r[i];
            r[i] = (uint32_t)sum;
            sum >>= 32;
        }
        carry = sum;
    }
}

static void add(fe r, const fe a, const fe b)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < 8; i++) {
        sum += (uint64_t)a[i] + b[i];
        r[i] = (uint32_t)sum;
        sum >>= 32;
    }
    fold(r, sum);
}

static void mul(fe r, const fe a, const fe b)
{
    uint32_t wide[16] = {0};
    uint64_t sum;
    for (unsigned i = 0; i < 8; i++) {
        sum = 0;
        for (unsigned k = 0; k < 8; k++) {
            sum += (uint64_t)a[i] * b[k] + wide[i + k];
            wide[i + k] = (uint32_t)sum;
            sum >>= 32;
        }
        wide[i + 8] = (uint32_t)sum;
    }
    sum = 0;
    for (unsigned i = 0; i < 8; i++) {
        sum += (uint64_t)wide[i + 8] * 38 + wide[i];
        r[i] = (uint32_t)sum;
        sum >>= 32;
    }
    fold(r, sum);
}

/* For the Jacobi symbol in words of 64 bits. */
struct number {
    uint64_t w[4];
};

static bool is_zero(const struct number *a)
{
    return (a->w[0] | a->w[1] | a->w[2] | a->w[3]) == 0;
}

/* a -= b; true when that went below zero (and wrapped). */
static bool subtract(struct number *a, const struct number *b)
{
    bool borrow = false;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t x = a->w[i] - b->w[i];
        bool below = a->w[i] < b->w[i] || (x == 0 && borrow);
        a->w[i] = x - borrow;
        borrow = below;
    }
    return borrow;
}

static void negate(struct number *a)
{
    struct number zero = {{0}};
    subtract(&zero, a);
    *a = zero;
}

/* Takes all factors 2 out of a, which is not zero. Returns whether their number was odd. */
static bool make_odd(struct number *a)
{
    bool is_odd = false;
    while (a->w[0] == 0) { /* 64 of them */
        a->w[0] = a->w[1];
        a->w[1] = a->w[2];
        a->w[2] = a->w[3];
        a->w[3] = 0;
    }
    unsigned n = (unsigned)__builtin_ctzll(a->w[0]);
    if (n > 0) {
        for (unsigned i = 0; i < 3; i++) {
            a->w[i] = a->w[i] >> n | a->w[i + 1] << (64 - n);
        }
        a->w[3] >>= n;
        is_odd = n % 2 != 0;
    }
    return is_odd;
}

/* The Jacobi symbol (a / p) is -1: a is no square modulo p. */
static bool is_nonsquare(const fe number)
{
    struct number a;
    struct number n = {{UINT64_MAX - 18, UINT64_MAX, UINT64_MAX, UINT64_MAX >> 1}};
    bool is_negative = false;
    for (unsigned i = 0; i < 4; i++) {
        a.w[i] = (uint64_t)number[2 * i + 1] << 32 | number[2 * i];
    }
    while (!is_zero(&a)) {
        if (make_odd(&a)) { /* (2 / n) */
            is_negative ^= n.w[0] % 8 == 3 || n.w[0] % 8 == 5;
        }
        uint64_t low = a.w[0];
        if (subtract(&a, &n)) { /* a < n: (a / n) is (n / a) or its opposite; go on with n - a */
            negate(&a);
            is_negative ^= low % 4 == 3 && n.w[0] % 4 == 3;
            /* What was a is n now: n' = n - (n - a). */
            subtract(&n, &a);
        }
    }
    /* The greatest common divisor is left: p itself when the number was 0 modulo p. */
    return is_negative && n.w[0] == 1 && (n.w[1] | n.w[2] | n.w[3]) == 0;
}

bool dtt_ed25519_is_point(const uint8_t pk[32])
{
    /* x^2 = (y^2 - 1) / (d y^2 + 1): there is an x unless numerator times denominator is no square.
     * As in ZIP 215, y counts modulo p and x = 0 has both signs. */
    static const fe d = {0x135978a3, 0x75eb4dca, 0x4141d8ab, 0x00700a4d,
                         0x7779e898, 0x8cc74079, 0x2b6ffe73, 0x52036cee};
    static const fe one = {1};
    static const fe minus_one = {UINT32_MAX - 38, UINT32_MAX, UINT32_MAX, UINT32_MAX,
                                 UINT32_MAX,      UINT32_MAX, UINT32_MAX, UINT32_MAX}; /* 2p - 1 */
    fe y, top, bottom;
    for (unsigned i = 0; i < 8; i++) {
        y[i] = dtt_get_le32(pk + 4 * (size_t)i);
    }
    y[7] &= UINT32_MAX >> 1;
    mul(y, y, y);
    add(top, y, minus_one);
    mul(bottom, d, y);
    add(bottom, bottom, one);
    mul(top, top, bottom);
    return !is_nonsquare(top);
}
