/*
 * A process with the native kernels and buffers of its own. It reads commands from standard input, a line each,
 * does each as often as told, and answers with a line: nanoseconds in all, and what came out. So whoever drives
 * it can let its own run and this one's alternate.
 *
 *     fill CONTENT BYTES             RAM of zero, half or normal pages, and a shadow of it      -> 0 0
 *     pages FILE                     pairs of pages, old and new, for the XBZRLE commands       -> 0 count
 *     zero-sse2 | zero-avx2 | zero-avx512  BYTES TIMES                                          -> ns zero-pages
 *     memcpy BYTES TIMES             4 KiB at a time into the ring                              -> ns ring-hash
 *     encode BYTES TIMES             all pages dirty, into the ring                             -> ns ring-hash
 *     memcmp BYTES TIMES             page by page with the shadow                               -> ns equal-pages
 *     xbzrle-encode-portable | xbzrle-encode-ctz  TIMES    every pair                           -> ns payload-hash
 *     xbzrle-decode TIMES            the payloads of the last encode, onto the old pages        -> ns page-hash
 */
#include "kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define RAM_BYTES_MAX (1ull << 30)
#define RING_BYTES (1ull << 20)
#define PAIRS_MAX 1024

static uint8_t *ram, *shadow, *ring, *pairs, *payloads, *targets;
static uint64_t *bitmap;
static int sizes[PAIRS_MAX];
static size_t pair_count;

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint8_t *allocate(size_t bytes)
{
    /* pages of the kind that the engine's memory gets: no advice about huge ones */
    uint8_t *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) exit(1);
    return memset(at, 1, bytes);
}

/* FNV-1a by 32-bit words: the same as hashOf in bench/contents.ts. */
static uint32_t hash_of(const uint8_t *bytes, size_t size, uint32_t hash)
{
    for (size_t at = 0; at + 4 <= size; at += 4) {
        uint32_t word;
        memcpy(&word, bytes + at, sizeof word);
        hash = (hash ^ word) * 16777619u;
    }
    return hash;
}

/* xorshift32 (Marsaglia, 2003): the same as in bench/contents.ts. */
static uint32_t next_random(uint32_t *state)
{
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

static void fill(const char *content, size_t bytes)
{
    uint32_t state = 1;
    for (size_t at = 0; at < bytes; at += PAGE_SIZE) {
        bool is_normal = content[0] == 'n' || (content[0] == 'h' && next_random(&state) >> 31);
        uint32_t *words = (uint32_t *)(ram + at);
        for (size_t i = 0; i < PAGE_SIZE / 4; i++) words[i] = is_normal ? next_random(&state) : 0;
    }
    memcpy(shadow, ram, bytes);
}

typedef bool zero_test(const uint8_t *page);

static inline __attribute__((always_inline)) uint64_t count_zero(zero_test *test, size_t bytes)
{
    uint64_t count = 0;
    for (size_t at = 0; at < bytes; at += PAGE_SIZE) count += test(ram + at);
    return count;
}

static uint64_t copy_to_ring(size_t bytes)
{
    for (size_t at = 0; at < bytes; at += PAGE_SIZE) memcpy(ring + at % RING_BYTES, ram + at, PAGE_SIZE);
    return 0;
}

static uint64_t encode_all(size_t bytes)
{
    struct encoder encoder = { .ram = ram, .bitmap = bitmap, .pages = (uint32_t)(bytes / PAGE_SIZE) };
    uint64_t written = 0;
    memset(bitmap, 0xff, bytes / PAGE_SIZE / 8);
    while (!encoder.is_over) written += encode(&encoder, ring, RING_BYTES);
    return written;
}

static uint64_t count_equal(size_t bytes)
{
    uint64_t count = 0;
    for (size_t at = 0; at < bytes; at += PAGE_SIZE) count += memcmp(ram + at, shadow + at, PAGE_SIZE) == 0;
    return count;
}

static uint64_t read_pairs(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) exit(1);
    pair_count = fread(pairs, 2 * PAGE_SIZE, PAIRS_MAX, file);
    fclose(file);
    return pair_count;
}

typedef int xbzrle_encoder(const uint8_t *old_page, const uint8_t *new_page, uint8_t *out, int out_size);

static void encode_pairs(xbzrle_encoder *encoder)
{
    for (size_t i = 0; i < pair_count; i++) {
        const uint8_t *pair = pairs + i * 2 * PAGE_SIZE;
        sizes[i] = encoder(pair, pair + PAGE_SIZE, payloads + i * PAGE_SIZE, PAGE_SIZE);
    }
}

static void decode_pairs(void)
{
    for (size_t i = 0; i < pair_count; i++)
        if (sizes[i] > 0) xbzrle_decode(targets + i * PAGE_SIZE, payloads + i * PAGE_SIZE, sizes[i]);
}

static uint32_t hash_payloads(void)
{
    uint32_t hash = 0;
    for (size_t i = 0; i < pair_count; i++) {
        hash = hash * 31 + (uint32_t)sizes[i];
        if (sizes[i] > 0) hash = hash_of(payloads + i * PAGE_SIZE, (size_t)sizes[i], hash);
    }
    return hash;
}

static void answer(uint64_t ns, uint64_t value)
{
    printf("%llu %llu\n", (unsigned long long)ns, (unsigned long long)value);
    fflush(stdout);
}

/* A command over RAM; the functions stand here by name, so that each may be inlined into its loop. */
static uint64_t run(const char *name, size_t bytes)
{
    if (strcmp(name, "zero-sse2") == 0) return count_zero(is_zero_sse2, bytes);
    if (strcmp(name, "zero-avx2") == 0) return count_zero(is_zero_avx2, bytes);
    if (strcmp(name, "zero-avx512") == 0) return count_zero(is_zero_avx512, bytes);
    if (strcmp(name, "memcpy") == 0) return copy_to_ring(bytes);
    if (strcmp(name, "encode") == 0) return encode_all(bytes);
    if (strcmp(name, "memcmp") == 0) return count_equal(bytes);
    exit(1);
}

static void time_run(const char *name, size_t bytes, size_t times)
{
    uint64_t value = 0;
    uint64_t began_ns = now_ns();
    for (size_t i = 0; i < times; i++) value = run(name, bytes);
    uint64_t took_ns = now_ns() - began_ns;
    bool is_ring = strcmp(name, "memcpy") == 0 || strcmp(name, "encode") == 0;
    answer(took_ns, is_ring ? hash_of(ring, RING_BYTES, (uint32_t)value) : value);
}

static void time_xbzrle(const char *name, size_t times)
{
    bool is_decode = strcmp(name, "xbzrle-decode") == 0;
    bool is_ctz = strcmp(name, "xbzrle-encode-ctz") == 0;
    for (size_t i = 0; i < pair_count && is_decode; i++)
        memcpy(targets + i * PAGE_SIZE, pairs + i * 2 * PAGE_SIZE, PAGE_SIZE);
    uint64_t began_ns = now_ns();
    for (size_t i = 0; i < times; i++) {
        if (is_decode) decode_pairs();
        else encode_pairs(is_ctz ? xbzrle_encode_ctz : xbzrle_encode_portable);
    }
    uint64_t took_ns = now_ns() - began_ns;
    answer(took_ns, is_decode ? hash_of(targets, pair_count * PAGE_SIZE, 0) : hash_payloads());
}

int main(void)
{
    char line[4096], name[64], text[4000];
    ram = allocate(RAM_BYTES_MAX);
    shadow = allocate(RAM_BYTES_MAX);
    ring = allocate(RING_BYTES);
    bitmap = (uint64_t *)allocate(RAM_BYTES_MAX / PAGE_SIZE / 8);
    pairs = allocate(2 * PAIRS_MAX * PAGE_SIZE);
    payloads = allocate(PAIRS_MAX * PAGE_SIZE + 64);
    targets = allocate(PAIRS_MAX * PAGE_SIZE);
    while (fgets(line, sizeof line, stdin) != NULL) {
        unsigned long long bytes = 0, times = 0;
        if (sscanf(line, "fill %63s %llu", name, &bytes) == 2 && bytes <= RAM_BYTES_MAX) {
            fill(name, bytes);
            answer(0, 0);
        } else if (sscanf(line, "pages %3999[^\n]", text) == 1) {
            answer(0, read_pairs(text));
        } else if (sscanf(line, "%63s %llu %llu", name, &bytes, &times) == 3 && bytes <= RAM_BYTES_MAX) {
            time_run(name, bytes, times);
        } else if (sscanf(line, "%63s %llu", name, &times) == 2) {
            time_xbzrle(name, times);
        } else {
            return 1;
        }
    }
    return 0;
}
