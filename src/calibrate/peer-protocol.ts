/**
 * What the measuring process and its peer tell each other, over FIFOs that both read blocking.
 *
 *     measurement ── orders ──▶ peer       what to do, how often
 *     measurement ── data ────▶ peer       what a pipe is measured with
 *     measurement ◀─ answers ── peer       one number each
 */

/** At these descriptors the peer finds its ends. */
export const DATA_FD = 0;
export const ANSWER_FD = 1;
export const ORDER_FD = 3;

/** Reads so many bytes and answers. */
export const DRAIN = 1;
/** Reads what stands in the pipe in one call, and answers what that took. */
export const READ = 2;
/** Reads so many bytes, the last page by itself, and answers what that takes. */
export const READ_LAST_PAGE = 3;
/** Sleeps and reads all there is, again and again, until that ends with `END_BYTE`; then answers. */
export const DRAIN_LATE = 4;
export const END_BYTE = 2;
/** Has two threads of its own wake each other, and answers what a switch takes; wants to be on one CPU. */
export const SWITCH = 5;

/** Reads a write of each of `PIPE_SIZES` and answers after each, again and again. */
export const DRAIN_SIZES = 6;

/** Reads so many bytes a call as often as asked, and then answers for each read when it was called and when it returned. */
export const READ_TIMES = 7;

/** An order: what, of how many bytes, how often. */
export const ORDER_NUMBERS = 3;
/** An answer, and a message to be sent back. */
export const ANSWER_BYTES = 8;
/** A slot of a pipe, and what the channel hands to the socket that waits for room. */
export const PAGE_BYTES = 4096;
/** What an unread pipe takes. */
export const PIPE_BYTES = 65_536;
/** What calls are measured at; between them the line of their costs is straight. */
export const PIPE_SIZES = [1, 2, 4, 8, 16].map((pages) => pages * PAGE_BYTES);
