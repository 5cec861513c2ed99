/*
 * The zero test beside assembly/zero.ts, and in the same form: the first word decides for nearly every page that
 * is not zero, and past it the page is read to its end without a branch. One test for each width of registers.
 */
#include "kernels.h"

#include <immintrin.h>

static inline bool begins_with_zero(const uint8_t *page)
{
    return *(const uint64_t *)page == 0;
}

__attribute__((target("sse2"))) bool is_zero_sse2(const uint8_t *page)
{
    if (!begins_with_zero(page)) return false;
    __m128i a = _mm_setzero_si128(), b = a, c = a, d = a;
    for (size_t at = 0; at < PAGE_SIZE; at += 64) {
        a = _mm_or_si128(a, _mm_loadu_si128((const __m128i *)(page + at)));
        b = _mm_or_si128(b, _mm_loadu_si128((const __m128i *)(page + at + 16)));
        c = _mm_or_si128(c, _mm_loadu_si128((const __m128i *)(page + at + 32)));
        d = _mm_or_si128(d, _mm_loadu_si128((const __m128i *)(page + at + 48)));
    }
    a = _mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d));
    return _mm_movemask_epi8(_mm_cmpeq_epi8(a, _mm_setzero_si128())) == 0xffff;
}

__attribute__((target("avx2"))) bool is_zero_avx2(const uint8_t *page)
{
    if (!begins_with_zero(page)) return false;
    __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
    for (size_t at = 0; at < PAGE_SIZE; at += 128) {
        a = _mm256_or_si256(a, _mm256_loadu_si256((const __m256i *)(page + at)));
        b = _mm256_or_si256(b, _mm256_loadu_si256((const __m256i *)(page + at + 32)));
        c = _mm256_or_si256(c, _mm256_loadu_si256((const __m256i *)(page + at + 64)));
        d = _mm256_or_si256(d, _mm256_loadu_si256((const __m256i *)(page + at + 96)));
    }
    a = _mm256_or_si256(_mm256_or_si256(a, b), _mm256_or_si256(c, d));
    return _mm256_testz_si256(a, a);
}

__attribute__((target("avx512f"))) bool is_zero_avx512(const uint8_t *page)
{
    if (!begins_with_zero(page)) return false;
    __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
    for (size_t at = 0; at < PAGE_SIZE; at += 256) {
        a = _mm512_or_si512(a, _mm512_loadu_si512(page + at));
        b = _mm512_or_si512(b, _mm512_loadu_si512(page + at + 64));
        c = _mm512_or_si512(c, _mm512_loadu_si512(page + at + 128));
        d = _mm512_or_si512(d, _mm512_loadu_si512(page + at + 192));
    }
    a = _mm512_or_si512(_mm512_or_si512(a, b), _mm512_or_si512(c, d));
    return _mm512_test_epi64_mask(a, a) == 0;
}
