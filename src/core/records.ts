/** How long the records of a RAM section are. */
import { LAYOUT } from './layout.ts';

export const RECORDS = {
  page_bytes: LAYOUT.PAGE_SIZE,
  /** A record of zeros in the block of the record before: word and fill byte. */
  zero_bytes: LAYOUT.WORD_SIZE + LAYOUT.FILL_SIZE,
  /** A whole page in the block of the record before: word and page. */
  normal_bytes: LAYOUT.WORD_SIZE + LAYOUT.PAGE_SIZE,
  /** The longest that a record may be, as the encoder keeps room for. */
  bytes_max: LAYOUT.RECORD_SIZE_MAX,
} as const;
