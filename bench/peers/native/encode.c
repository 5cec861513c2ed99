/*
 * The encode loop beside assembly/encode.ts, step for step, with the zero test of AVX2: dirty bits are taken a
 * word at a time, and each page becomes a record of QEMU's stream (docs/FORMAT.md). One block, named "ram".
 */
#include "kernels.h"

#include <string.h>

#define FLAG_ZERO 0x02
#define FLAG_PAGE 0x08
#define FLAG_CONTINUE 0x20

static const uint8_t NAME[] = { 3, 'r', 'a', 'm' };

/* Takes the dirty bits of the word that `page` is in, from `page` on; returns them. */
static uint64_t take(struct encoder *encoder, uint32_t page)
{
    uint64_t mask = ~0ull << (page & 63);
    uint32_t left = encoder->pages - (page & ~63u);
    if (left < 64) mask &= ~0ull >> (64 - left);
    return __atomic_fetch_and(&encoder->bitmap[page >> 6], ~mask, __ATOMIC_SEQ_CST) & mask;
}

static uint32_t next_dirty(const struct encoder *encoder, uint32_t page)
{
    if (page >= encoder->pages) return encoder->pages;
    size_t words = (encoder->pages + 63) / 64;
    size_t at = page >> 6;
    uint64_t word = encoder->bitmap[at] & (~0ull << (page & 63));
    while (word == 0) {
        if (++at == words) return encoder->pages;
        word = encoder->bitmap[at];
    }
    uint32_t found = (uint32_t)(at * 64) + (uint32_t)__builtin_ctzll(word);
    return found < encoder->pages ? found : encoder->pages;
}

/* Writes records until the pass is over or `out` cannot take the next; returns how many bytes. */
size_t encode(struct encoder *encoder, uint8_t *out, size_t out_size)
{
    size_t written = 0;
    uint64_t taken = 0;
    uint32_t page = encoder->page;
    for (;;) {
        if (taken == 0) {
            page = next_dirty(encoder, page);
            if (page == encoder->pages) break;
            taken = take(encoder, page);
            if (taken == 0) continue;
        }
        page = (page & ~63u) + (uint32_t)__builtin_ctzll(taken);
        const uint8_t *source = encoder->ram + (size_t)page * PAGE_SIZE;
        bool is_zero = is_zero_avx2(source);
        size_t name_size = encoder->is_named ? 0 : sizeof NAME;
        size_t size = 8 + name_size + (is_zero ? 1 : PAGE_SIZE);
        if (size > out_size - written) {
            __atomic_fetch_or(&encoder->bitmap[page >> 6], taken, __ATOMIC_SEQ_CST);
            encoder->page = page;
            return written;
        }
        uint8_t *at = out + written;
        uint64_t flags = (is_zero ? FLAG_ZERO : FLAG_PAGE) | (encoder->is_named ? FLAG_CONTINUE : 0);
        uint64_t word = __builtin_bswap64(((uint64_t)page << 12) | flags);
        memcpy(at, &word, sizeof word);
        memcpy(at + 8, NAME, name_size);
        encoder->is_named = true;
        if (is_zero)
            at[8 + name_size] = 0;
        else
            memcpy(at + 8 + name_size, source, PAGE_SIZE);
        written += size;
        taken &= taken - 1;
        page++;
    }
    encoder->page = 0;
    encoder->is_over = true;
    return written;
}
