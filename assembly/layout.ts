/**
 * The layout of everything that the core reads and writes in the caller's memory: the one truth.
 * TypeScript reads these numbers from the module's exports when the core is built.
 *
 * A record, as QEMU writes it into a RAM section (migration/ram.c, save_page_header and its callers).
 * The word is big-endian; its low 12 bits are flags, the rest is the page's byte offset in its block.
 *
 *     ┌────────────┬───────────────────────┬───────────────────┐
 *     │ word    u64│ idstr: u8 n, n bytes  │ payload           │
 *     └────────────┴───────────────────────┴───────────────────┘
 *                    absent with CONTINUE    FLAG_ZERO: 1 byte, the byte that fills the page
 *                                            FLAG_PAGE: 4096 bytes
 */

// --- pages and records ------------------------------------------------------------------------------

/** Pages are 4096 bytes, QEMU's TARGET_PAGE_SIZE on x86. */
export const PAGE_BITS: u32 = 12;
export const PAGE_SIZE: u32 = 1 << 12;

/** Flags of a record's word: RAM_SAVE_FLAG_ZERO, _PAGE and _CONTINUE (QEMU, migration/ram.h). */
export const FLAG_MASK: u32 = 0xfff;
export const FLAG_ZERO: u32 = 0x002;
export const FLAG_PAGE: u32 = 0x008;
export const FLAG_CONTINUE: u32 = 0x020;

export const WORD_SIZE: u32 = 8;
export const FILL_SIZE: u32 = 1;
/** A name on the wire: one length byte and at most 255 bytes. */
export const IDSTR_SIZE_MAX: u32 = 1 + 255;
export const RECORD_SIZE_MAX: u32 = 8 + 256 + 4096;

// --- the block table --------------------------------------------------------------------------------

/**
 * One entry a block, 48 bytes, 8-byte aligned, in the order of the stream's block list:
 *
 *      0        4        8        12       16       24       32       40      48
 *     ┌────────┬────────┬────────┬────────┬────────┬────────┬────────┬────────┐
 *     │host u32│pages   │bitmap  │idstr   │normal  │zero    │fill    │  free  │
 *     │        │     u32│     u32│     u32│     u64│     u64│     u64│     u64│
 *     └────────┴────────┴────────┴────────┴────────┴────────┴────────┴────────┘
 *
 *     host    where the block's first page stands; NOWHERE in decode: count its pages, store nothing
 *     pages   how many pages the block has
 *     bitmap  its dirty bitmap, 8-byte aligned: bit i % 64 of u64 word i / 64 is page i (decode: not read)
 *     idstr   its name as on the wire: length byte, then that many bytes
 *     normal, zero, fill   records written or read so far, by kind; the core adds to them
 */
export const BLOCK_HOST: u32 = 0;
export const BLOCK_PAGES: u32 = 4;
export const BLOCK_BITMAP: u32 = 8;
export const BLOCK_IDSTR: u32 = 12;
export const BLOCK_NORMAL: u32 = 16;
export const BLOCK_ZERO: u32 = 24;
export const BLOCK_FILL: u32 = 32;
export const BLOCK_SIZE: u32 = 48;

export const NOWHERE: u32 = 0xffffffff;

// --- the state of encode ----------------------------------------------------------------------------

/**
 * 24 bytes, 4-byte aligned, all zero before the first call:
 *
 *     block, page   the cursor: where the next call looks first; back at 0, 0 when a pass has ended
 *     last_block    1 + index of the block of the last record written; 0 = none yet, so no CONTINUE
 *     stop          why the last call returned, one of ENCODE_*
 *     normal, zero  records that the last call wrote, by kind
 */
export const ENCODE_BLOCK: u32 = 0;
export const ENCODE_PAGE: u32 = 4;
export const ENCODE_LAST_BLOCK: u32 = 8;
export const ENCODE_STOP: u32 = 12;
export const ENCODE_NORMAL: u32 = 16;
export const ENCODE_ZERO: u32 = 20;
export const ENCODE_STATE_SIZE: u32 = 24;

/** The pass is over: no dirty page between the cursor and the end of the last block. */
export const ENCODE_END: u32 = 0;
/** The output buffer cannot take the next record. */
export const ENCODE_FULL: u32 = 1;
/** The page budget is used up, and at least one dirty page is left in this pass. */
export const ENCODE_BUDGET: u32 = 2;

// --- the state of decode ----------------------------------------------------------------------------

/**
 * 16 bytes, 4-byte aligned, all zero before the first call:
 *
 *     last_block  1 + index of the block of the last record read; 0 = none yet
 *     last_page   page of the last record read
 *     status      why the last call returned, one of DECODE_*
 *     wraps       how often a page came at or before the one before it: rounds seen, less one
 */
export const DECODE_LAST_BLOCK: u32 = 0;
export const DECODE_LAST_PAGE: u32 = 4;
export const DECODE_STATUS: u32 = 8;
export const DECODE_WRAPS: u32 = 12;
export const DECODE_STATE_SIZE: u32 = 16;

/** All whole records are consumed; what is left is the head of one, or nothing. */
export const DECODE_MORE: u32 = 0;
/** The next word is no page record: EOS, a block list, or something this core does not know. */
export const DECODE_WORD: u32 = 1;
/** A CONTINUE word before any record that named a block. */
export const DECODE_CONTINUE_FIRST: u32 = 2;
/** A record names a block that is not in the table. */
export const DECODE_UNKNOWN_BLOCK: u32 = 3;
/** A record's offset is at or beyond the end of its block. */
export const DECODE_BEYOND_BLOCK: u32 = 4;
