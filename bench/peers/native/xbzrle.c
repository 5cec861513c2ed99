/*
 * XBZRLE beside assembly/xbzrle.ts, written from the format as it stands at that file's head: in C without
 * anything of one machine (`portable`: equal and changed words are gone over a word at a time, the edge of a run
 * is found by bytes), and with the edge found by counting zero bits (`ctz`, for little-endian machines).
 */
#include "kernels.h"

#include <string.h>

#define ONES 0x0101010101010101ull
#define TOPS 0x8080808080808080ull
#define WORD ((int)sizeof(uint64_t))

static inline uint64_t difference(const uint8_t *a, const uint8_t *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x ^ y;
}

/* Not 0 where a byte of the word is 0; the lowest bit that is set is of the lowest such byte. */
static inline uint64_t zero_bytes(uint64_t word)
{
    return (word - ONES) & ~word & TOPS;
}

static inline int put_length(uint8_t *at, int value)
{
    if (value < 0x80) {
        at[0] = (uint8_t)value;
        return 1;
    }
    at[0] = (uint8_t)(value | 0x80);
    at[1] = (uint8_t)(value >> 7);
    return 2;
}

/* Where the bytes from `at` on differ for the first time. */
static inline int end_of_equal(const uint8_t *a, const uint8_t *b, int at, bool by_ctz)
{
    while (at + WORD <= PAGE_SIZE) {
        uint64_t differs = difference(a + at, b + at);
        if (differs != 0) {
            if (by_ctz) return at + __builtin_ctzll(differs) / 8;
            break;
        }
        at += WORD;
    }
    while (at < PAGE_SIZE && a[at] == b[at]) at++;
    return at;
}

/* Where the bytes from `at` on are equal for the first time. */
static inline int end_of_changed(const uint8_t *a, const uint8_t *b, int at, bool by_ctz)
{
    while (at + WORD <= PAGE_SIZE) {
        uint64_t equal = zero_bytes(difference(a + at, b + at));
        if (equal != 0) {
            if (by_ctz) return at + __builtin_ctzll(equal) / 8;
            break;
        }
        at += WORD;
    }
    while (at < PAGE_SIZE && a[at] != b[at]) at++;
    return at;
}

static inline int encode_by(const uint8_t *a, const uint8_t *b, uint8_t *out, int out_size, bool by_ctz)
{
    int at = 0, size = 0;
    while (at < PAGE_SIZE) {
        int changed = end_of_equal(a, b, at, by_ctz);
        if (changed == PAGE_SIZE) return size != 0 && size + 2 > out_size ? XBZRLE_OVERFLOW : size;
        if (size + 2 > out_size) return XBZRLE_OVERFLOW;
        size += put_length(out + size, changed - at);

        int equal = end_of_changed(a, b, changed, by_ctz);
        int length = equal - changed;
        if (size + 2 > out_size) return XBZRLE_OVERFLOW;
        size += put_length(out + size, length);
        if (length > out_size - size) return XBZRLE_OVERFLOW;
        memcpy(out + size, b + changed, (size_t)length);
        size += length;
        at = equal;
    }
    return size;
}

int xbzrle_encode_portable(const uint8_t *old_page, const uint8_t *new_page, uint8_t *out, int out_size)
{
    return encode_by(old_page, new_page, out, out_size, false);
}

int xbzrle_encode_ctz(const uint8_t *old_page, const uint8_t *new_page, uint8_t *out, int out_size)
{
    return encode_by(old_page, new_page, out, out_size, true);
}

/* Reads a length; returns how many bytes it takes, 0 where it does not end. */
static inline int get_length(const uint8_t *at, int *value)
{
    if (at[0] < 0x80) {
        *value = at[0];
        return 1;
    }
    if (at[1] >= 0x80) return 0;
    *value = (at[0] & 0x7f) | (at[1] << 7);
    return 2;
}

/* Applies a payload; returns -1, or the offset of the run that is wrong. */
int xbzrle_decode(uint8_t *page, const uint8_t *payload, int size)
{
    int read = 0, at = 0;
    while (read < size) {
        int fault = read, length = 0;
        if (size - read < 2) return fault;
        int bytes = get_length(payload + read, &length);
        if (bytes == 0 || (length == 0 && read != 0) || length > PAGE_SIZE - at) return fault;
        read += bytes;
        at += length;
        if (size - read < 2) return fault;
        bytes = get_length(payload + read, &length);
        if (bytes == 0 || length == 0 || length > PAGE_SIZE - at) return fault;
        read += bytes;
        if (length > size - read) return fault;
        memcpy(page + at, payload + read, (size_t)length);
        read += length;
        at += length;
    }
    return -1;
}
