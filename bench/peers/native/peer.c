/*
 * The native kernels as an addon of Node (node_api.h): they work in the very memory that the core works in, so that
 * both read the same pages of the machine. With a memory each, native code and the core took turns at being 1.5 times
 * as fast as the other, by where the kernel had put whose pages.
 *
 *     run(name, buffer, times, numbers) -> [ns in all, what the last run answers]
 *
 *     name                                   numbers                              answer
 *     zero-sse2 | zero-avx2 | zero-avx512    ram, bytes                           zero pages
 *     memcpy                                 ram, bytes, ring                     0
 *     encode                                 ram, bytes, ring, bitmap             bytes of records, modulo 2^32
 *     memcmp                                 ram, bytes, shadow                   pages that are the same
 *     xbzrle-encode-portable | xbzrle-encode-ctz  pairs, count, payloads, sizes   0
 *     xbzrle-decode                          targets, count, payloads, sizes      0
 *
 * `encode` sets all bits of the bitmap first; addresses are offsets into the buffer.
 */
#define NAPI_VERSION 8
#include "kernels.h"

#include <node_api.h>
#include <string.h>
#include <time.h>

#define RING_BYTES (1ull << 20)
#define NUMBERS 4

/* Where a kernel finds what it works on. */
struct work {
    uint8_t *base;
    size_t numbers[NUMBERS];
};

static uint8_t *at(const struct work *work, int index)
{
    return work->base + work->numbers[index];
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

typedef bool zero_test(const uint8_t *page);

static inline __attribute__((always_inline)) uint32_t count_zero(zero_test *test, const struct work *work)
{
    const uint8_t *ram = at(work, 0);
    uint32_t count = 0;
    for (size_t i = 0; i < work->numbers[1]; i += PAGE_SIZE) count += test(ram + i);
    return count;
}

static uint32_t count_zero_sse2(const struct work *work) { return count_zero(is_zero_sse2, work); }
static uint32_t count_zero_avx2(const struct work *work) { return count_zero(is_zero_avx2, work); }
static uint32_t count_zero_avx512(const struct work *work) { return count_zero(is_zero_avx512, work); }

static uint32_t copy_to_ring(const struct work *work)
{
    const uint8_t *ram = at(work, 0);
    uint8_t *ring = at(work, 2);
    for (size_t i = 0; i < work->numbers[1]; i += PAGE_SIZE) memcpy(ring + i % RING_BYTES, ram + i, PAGE_SIZE);
    return 0;
}

static uint32_t encode_all(const struct work *work)
{
    size_t pages = work->numbers[1] / PAGE_SIZE;
    uint64_t *bitmap = (uint64_t *)at(work, 3);
    struct encoder encoder = { .ram = at(work, 0), .bitmap = bitmap, .pages = (uint32_t)pages };
    uint32_t written = 0;
    memset(bitmap, 0xff, pages / 8);
    while (!encoder.is_over) written += (uint32_t)encode(&encoder, at(work, 2), RING_BYTES);
    return written;
}

static uint32_t count_equal(const struct work *work)
{
    const uint8_t *ram = at(work, 0), *shadow = at(work, 2);
    uint32_t count = 0;
    for (size_t i = 0; i < work->numbers[1]; i += PAGE_SIZE) count += memcmp(ram + i, shadow + i, PAGE_SIZE) == 0;
    return count;
}

typedef int xbzrle_encoder(const uint8_t *old_page, const uint8_t *new_page, uint8_t *out, int out_size);

static uint32_t encode_pairs(xbzrle_encoder *encoder, const struct work *work)
{
    int32_t *sizes = (int32_t *)at(work, 3);
    for (size_t i = 0; i < work->numbers[1]; i++) {
        const uint8_t *pair = at(work, 0) + i * 2 * PAGE_SIZE;
        sizes[i] = encoder(pair, pair + PAGE_SIZE, at(work, 2) + i * PAGE_SIZE, PAGE_SIZE);
    }
    return 0;
}

static uint32_t encode_pairs_portable(const struct work *work) { return encode_pairs(xbzrle_encode_portable, work); }
static uint32_t encode_pairs_ctz(const struct work *work) { return encode_pairs(xbzrle_encode_ctz, work); }

static uint32_t decode_pairs(const struct work *work)
{
    const int32_t *sizes = (const int32_t *)at(work, 3);
    for (size_t i = 0; i < work->numbers[1]; i++)
        if (sizes[i] > 0) xbzrle_decode(at(work, 0) + i * PAGE_SIZE, at(work, 2) + i * PAGE_SIZE, sizes[i]);
    return 0;
}

static const struct {
    const char *name;
    uint32_t (*run)(const struct work *work);
} KERNELS[] = {
    { "zero-sse2", count_zero_sse2 },
    { "zero-avx2", count_zero_avx2 },
    { "zero-avx512", count_zero_avx512 },
    { "memcpy", copy_to_ring },
    { "encode", encode_all },
    { "memcmp", count_equal },
    { "xbzrle-encode-portable", encode_pairs_portable },
    { "xbzrle-encode-ctz", encode_pairs_ctz },
    { "xbzrle-decode", decode_pairs },
};

static napi_value refused(napi_env env, const char *why)
{
    napi_throw_error(env, NULL, why);
    return NULL;
}

static napi_value answer(napi_env env, uint64_t ns, uint32_t value)
{
    napi_value pair, element;
    napi_create_array_with_length(env, 2, &pair);
    napi_create_double(env, (double)ns, &element);
    napi_set_element(env, pair, 0, element);
    napi_create_uint32(env, value, &element);
    napi_set_element(env, pair, 1, element);
    return pair;
}

static napi_value run(napi_env env, napi_callback_info info)
{
    napi_value given[4], element;
    size_t count = 4, size = 0;
    char name[64];
    uint32_t times = 0, length = 0;
    struct work work = { 0 };
    void *base;
    if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok || count != 4 ||
        napi_get_value_string_utf8(env, given[0], name, sizeof name, NULL) != napi_ok ||
        napi_get_arraybuffer_info(env, given[1], &base, &size) != napi_ok ||
        napi_get_value_uint32(env, given[2], &times) != napi_ok ||
        napi_get_array_length(env, given[3], &length) != napi_ok || length > NUMBERS)
        return refused(env, "run(name, buffer, times, numbers)");
    work.base = base;
    for (uint32_t i = 0; i < length; i++) {
        double number;
        if (napi_get_element(env, given[3], i, &element) != napi_ok ||
            napi_get_value_double(env, element, &number) != napi_ok || number < 0 || number > (double)size)
            return refused(env, "a number is none, or lies beyond the buffer");
        work.numbers[i] = (size_t)number;
    }
    for (size_t i = 0; i < sizeof KERNELS / sizeof KERNELS[0]; i++) {
        if (strcmp(KERNELS[i].name, name) != 0) continue;
        uint32_t value = 0;
        uint64_t began_ns = now_ns();
        for (uint32_t turn = 0; turn < times; turn++) value = KERNELS[i].run(&work);
        return answer(env, now_ns() - began_ns, value);
    }
    return refused(env, "there is no such kernel");
}

NAPI_MODULE_INIT()
{
    napi_value function;
    napi_create_function(env, "run", NAPI_AUTO_LENGTH, run, NULL, &function);
    napi_set_named_property(env, exports, "run", function);
    return exports;
}
