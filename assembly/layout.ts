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
 *                                            FLAG_XBZRLE: u8 1, u16 n, n bytes as xbzrle.ts draws them
 */

// --- pages and records ------------------------------------------------------------------------------

/** Pages are 4096 bytes, QEMU's TARGET_PAGE_SIZE on x86. */
export const PAGE_BITS: u32 = 12;
export const PAGE_SIZE: u32 = 1 << 12;

/** Flags of a record's word: RAM_SAVE_FLAG_ZERO, _PAGE, _CONTINUE and _XBZRLE (QEMU, migration/ram.h). */
export const FLAG_MASK: u32 = 0xfff;
export const FLAG_ZERO: u32 = 0x002;
export const FLAG_PAGE: u32 = 0x008;
export const FLAG_CONTINUE: u32 = 0x020;
export const FLAG_XBZRLE: u32 = 0x040;

export const WORD_SIZE: u32 = 8;
export const FILL_SIZE: u32 = 1;
/** A name on the wire: one length byte and at most 255 bytes. */
export const IDSTR_SIZE_MAX: u32 = 1 + 255;
/** What stands before an XBZRLE payload: ENCODING_FLAG_XBZRLE and the payload's size, big-endian. */
export const XBZRLE_HEAD_SIZE: u32 = 1 + 2;
export const XBZRLE_HEAD: u8 = 1;
export const RECORD_SIZE_MAX: u32 = 8 + 256 + 3 + 4096;

// --- the block table --------------------------------------------------------------------------------

/**
 * One entry a block, 64 bytes, 8-byte aligned, in the order of the stream's block list:
 *
 *      0        4        8        12       16       24       32       40      48
 *     ┌────────┬────────┬────────┬────────┬────────┬────────┬────────┬────────┐
 *     │host u32│pages   │bitmap  │idstr   │normal  │zero    │fill    │xbzrle  │
 *     │        │     u32│     u32│     u32│     u64│     u64│     u64│     u64│
 *     ├────────┼────────┼────────┼────────┼────────┴────────┴────────┴────────┘
 *     │first   │beyond  │present │seen    │
 *     │  48 u32│  52 u32│  56 u32│  60 u32│
 *     └────────┴────────┴────────┴────────┘
 *
 *     host    where the first page stands; NOWHERE in decode: count pages, store nothing
 *     pages   how many pages stand there
 *     bitmap  their dirty bitmap, 8-byte aligned: bit i % 64 of u64 word i / 64 is page i (decode: not read)
 *     idstr   the block's name as on the wire: length byte, then that many bytes
 *     normal, zero, fill, xbzrle   records written or read so far, by kind; the core adds to them
 *     first, beyond   of a block that is larger than one memory, this entry has a window: `first` pages of
 *             the block come before it, `beyond` after it; both 0 where it has all of the block
 *     present bitmap of the pages whose last record (decode) or last copy (collect) is not of a zero page; 0 for
 *             decode = do not keep it
 *     seen    decode: bitmap of the pages that any record came for; the core sets bits and clears none; 0 = do not keep it
 */
export const BLOCK_HOST: u32 = 0;
export const BLOCK_PAGES: u32 = 4;
export const BLOCK_BITMAP: u32 = 8;
export const BLOCK_IDSTR: u32 = 12;
export const BLOCK_NORMAL: u32 = 16;
export const BLOCK_ZERO: u32 = 24;
export const BLOCK_FILL: u32 = 32;
export const BLOCK_XBZRLE: u32 = 40;
export const BLOCK_FIRST: u32 = 48;
export const BLOCK_BEYOND: u32 = 52;
export const BLOCK_PRESENT: u32 = 56;
export const BLOCK_SEEN: u32 = 60;
export const BLOCK_SIZE: u32 = 64;

export const NOWHERE: u32 = 0xffffffff;

// --- the state of encode ----------------------------------------------------------------------------

/**
 * 40 bytes, 4-byte aligned, all zero before the first call:
 *
 *     block, page   the cursor: where the next call looks first; back at 0, 0 when a pass has ended
 *     last_block    1 + index of the block of the last record written; 0 = none yet, so no CONTINUE
 *     stop          why the last call returned, one of ENCODE_*
 *     normal, zero, xbzrle  records that the last call wrote, by kind
 *     skipped       dirty pages of the last call that are as they were last sent: nothing was written
 *     cache         address of an XBZRLE cache, below; 0 = no XBZRLE
 *     runs          runs that the last collect listed
 */
export const ENCODE_BLOCK: u32 = 0;
export const ENCODE_PAGE: u32 = 4;
export const ENCODE_LAST_BLOCK: u32 = 8;
export const ENCODE_STOP: u32 = 12;
export const ENCODE_NORMAL: u32 = 16;
export const ENCODE_ZERO: u32 = 20;
export const ENCODE_XBZRLE: u32 = 24;
export const ENCODE_SKIPPED: u32 = 28;
export const ENCODE_CACHE: u32 = 32;
export const ENCODE_RUNS: u32 = 36;
export const ENCODE_STATE_SIZE: u32 = 40;

/** The pass is over: no dirty page between the cursor and the end of the last block. */
export const ENCODE_END: u32 = 0;
/** The output buffer cannot take the next record. */
export const ENCODE_FULL: u32 = 1;
/** The page budget is used up, and at least one dirty page is left in this pass. */
export const ENCODE_BUDGET: u32 = 2;

// --- the runs of collect ---------------------------------------------------------------------------

/** 12 bytes a run: pages that follow each other in their block, as they stand in `out`. */
export const RUN_BLOCK: u32 = 0;
/** The first page, counted in the block. */
export const RUN_FIRST: u32 = 4;
export const RUN_COUNT: u32 = 8;
export const RUN_SIZE: u32 = 12;

// --- fingerprints ----------------------------------------------------------------------------------

/** What diff_fingerprint knows of a page: 16 bytes, at any address. */
export const FINGERPRINT_SIZE: u32 = 16;

// --- the cache of XBZRLE ----------------------------------------------------------------------------

/**
 * A head of 64 bytes, 8-byte aligned, and two arrays that it points to:
 *
 *      0        4          8          12      16      20      24      32      40      48        56
 *     ┌────────┬──────────┬──────────┬───────┬───────┬───────┬───────┬───────┬───────┬─────────┐
 *     │slots   │generation│last_stage│tags   │data   │ free  │pages  │bytes  │miss   │overflow │
 *     │     u32│       u32│       u32│    u32│    u32│       │    u64│    u64│    u64│      u64│
 *     └────────┴──────────┴──────────┴───────┴───────┴───────┴───────┴───────┴───────┴─────────┘
 *
 *     slots       a power of two
 *     generation  the count of dirty syncs; the caller writes it after each
 *     last_stage  not 0 once the guest stands still: what is sent is not kept any more
 *     tags        slots x {u32 1 + number of the page in the guest, 0 = empty; u32 age}
 *     data        slots x 4096 bytes: the pages as they were last sent
 *     pages, bytes, miss, overflow   xbzrle_counters of QEMU (migration/ram.c, save_xbzrle_page); bytes
 *                 counts a record without its word
 *
 * The number of a page in the guest counts through the blocks in the order of the table.
 */
export const CACHE_SLOTS: u32 = 0;
export const CACHE_GENERATION: u32 = 4;
export const CACHE_LAST_STAGE: u32 = 8;
export const CACHE_TAGS: u32 = 12;
export const CACHE_DATA: u32 = 16;
export const CACHE_PAGES: u32 = 24;
export const CACHE_BYTES: u32 = 32;
export const CACHE_MISS: u32 = 40;
export const CACHE_OVERFLOW: u32 = 48;
export const CACHE_HEAD_SIZE: u32 = 64;

export const TAG_SIZE: u32 = 8;

// --- the state of decode ----------------------------------------------------------------------------

/**
 * 20 bytes, 4-byte aligned, all zero before the first call:
 *
 *     last_block  1 + index of the block of the last record read; 0 = none yet
 *     last_page   page of the last record read
 *     status      why the last call returned, one of DECODE_*
 *     wraps       how often a page came at or before the one before it: rounds seen, less one
 *     fault_at    with a status of XBZRLE: where in the record the fault stands
 */
export const DECODE_LAST_BLOCK: u32 = 0;
export const DECODE_LAST_PAGE: u32 = 4;
export const DECODE_STATUS: u32 = 8;
export const DECODE_WRAPS: u32 = 12;
export const DECODE_FAULT_AT: u32 = 16;
export const DECODE_STATE_SIZE: u32 = 20;

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
/** A record is for a page of its block that stands in another window: `first` and `beyond` above. */
export const DECODE_ELSEWHERE: u32 = 5;
/** An XBZRLE record's encoding byte is not XBZRLE_HEAD. */
export const DECODE_XBZRLE_HEAD: u32 = 6;
/** An XBZRLE record's payload is said to be longer than a page. */
export const DECODE_XBZRLE_SIZE: u32 = 7;
/** An XBZRLE payload has a run that is wrong: see xbzrle_decode. */
export const DECODE_XBZRLE_RUN: u32 = 8;
