/** The document that `inspect` gives. */

import type { INSPECT_SCHEMA } from './schemas.ts';
/** Records of pages, by kind. */
export interface PageCounts {
  readonly normal: number;
  /** Of a repeated byte that is not zero. */
  readonly fill: number;
  readonly zero: number;
  readonly xbzrle: number;
}

/** What was saved by how the stream is written, and what would be saved by writing it otherwise. */
export interface InspectAdvice {
  /** Page records beyond one for each page: what the guest's writes cost. */
  readonly resent_pages: number;
  /** What zero pages would have taken as whole pages, less what they took. */
  readonly zero_saved_bytes: number;
  /** The same of XBZRLE records. */
  readonly xbzrle_saved_bytes: number;
  /** What a mapped-ram file of the same RAM takes on a disk; null where that is not known. */
  readonly mapped_ram_bytes: number | null;
  /** About what the stream takes compressed by gzip -1, from samples; null where none were taken. */
  readonly gzip_bytes: number | null;
}

export interface InspectDocument {
  readonly schema: typeof INSPECT_SCHEMA;
  readonly format: 'qemu-stream' | 'libvirt-save' | 'mapped-ram';
  /** Of the stream's header. */
  readonly version: number;
  readonly machine: string;
  readonly capabilities: readonly string[];
  readonly page_size: number;
  readonly sections: readonly {
    readonly id: number;
    readonly type: string;
    readonly name: string;
    readonly instance: number;
    readonly version: number;
    readonly offset: number;
    readonly bytes: number;
    /** Present, and true, where the section's end was looked for: nothing says where it is. */
    readonly by_search?: true;
    /** So many sections of one kind taken together; one where it is absent. */
    readonly count?: number;
  }[];
  readonly blocks: readonly {
    readonly name: string;
    readonly used_bytes: number;
    readonly pages: PageCounts;
    /** Pages that had no record; null in guests above 4 TiB, where they are not counted. */
    readonly missing_pages: number | null;
  }[];
  readonly pages: PageCounts;
  /** Pages are missing as in the main channel of a multifd migration. */
  readonly looks_like_multifd: boolean;
  readonly rounds: number;
  readonly stream_bytes: number;
  readonly advice: InspectAdvice;
  /** What a libvirt save image says in its head. */
  readonly libvirt?: {
    readonly version: number;
    readonly format: string;
    readonly was_running: boolean;
    readonly domain: string;
    readonly xml_bytes: number;
    readonly stream_offset: number;
  };
}
