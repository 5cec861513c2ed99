/* The kernels of assembly/ in C, as fast as a compiler makes them; each file says which one it stands beside. */
#ifndef PAGEPIPE_KERNELS_H
#define PAGEPIPE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE 4096
#define XBZRLE_OVERFLOW (-1)

/* zero.c: whether a page is all zero */
bool is_zero_sse2(const uint8_t *page);
bool is_zero_avx2(const uint8_t *page);
bool is_zero_avx512(const uint8_t *page);

/* encode.c: what a call of encode goes on from; as the state in assembly/layout.ts */
struct encoder {
    const uint8_t *ram;
    uint64_t *bitmap;
    uint32_t pages;
    uint32_t page;
    bool is_named;
    bool is_over;
};
size_t encode(struct encoder *encoder, uint8_t *out, size_t out_size);

/* xbzrle.c */
int xbzrle_encode_portable(const uint8_t *old_page, const uint8_t *new_page, uint8_t *out, int out_size);
int xbzrle_encode_ctz(const uint8_t *old_page, const uint8_t *new_page, uint8_t *out, int out_size);
int xbzrle_decode(uint8_t *page, const uint8_t *payload, int size);

#endif
