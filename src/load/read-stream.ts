/** Reads a migration stream through the core: its elements here, its page records in Wasm. */
import type { Arena } from '../core/arena.ts';
import { LAYOUT } from '../core/core.ts';
import { fail } from '../errors.ts';
import { FILE_VERSION } from '../format/constants.ts';
import { isLibvirtImage, type LibvirtFormat, type LibvirtHead, readLibvirtHead } from '../format/libvirt.ts';
import { type BlockLength, type Capability, readConfiguration, readFileHeader } from '../format/reader.ts';
import type { StreamSection } from '../format/stream-section.ts';
import { splitTail } from '../format/tail.ts';
import { type Reading, Window } from '../format/window.ts';
import type { WhatCame } from './arrivals.ts';
import { readSections } from './live-sections.ts';
import type { MappedCounts } from './mapped-pages.ts';
import type { TargetMaker } from './ram-section.ts';
import { readTail } from './read-tail.ts';

/** Size of the window that input is read through: large enough that a read costs little beside its copy. */
const WINDOW_BYTES = 2 ** 20;

/** What a stream was found to hold, beside the pages. */
export interface StreamFacts extends WhatCame {
  readonly version: number;
  readonly machine: string;
  readonly capabilities: readonly Capability[];
  readonly ram_section_id: number;
  readonly blocks: readonly BlockLength[];
  /** Bits of a page's size, where the configuration says them. */
  readonly target_page_bits: number | undefined;
  /** Of a mapped-ram file: each block's pages. */
  readonly mapped_counts: readonly MappedCounts[] | undefined;
  readonly sections: readonly StreamSection[];
  /** The first section that would not go over into another stream: other than RAM, before RAM's end. */
  readonly not_carried: StreamSection | undefined;
  /** Where the tail begins. */
  readonly tail_offset: number;
  /** All that follows RAM's last section, to the end of the input. */
  readonly tail: Uint8Array<ArrayBuffer>;
  /** How often the pages were gone through: 1 + how often a page came at or before the one before it. */
  readonly rounds: number;
  readonly stream_bytes: number;
  /** Where the stream stood in a libvirt save image: what that says. */
  readonly libvirt: LibvirtHead | undefined;
}

/** A stream that is being read; its driver fills the window until `step` says that it is done. */
export class StreamReader {
  readonly window: Window;
  readonly #reading: Reading<StreamFacts>;
  #facts: StreamFacts | undefined;
  #fault: unknown;
  #compression: LibvirtFormat | undefined;
  /** Where in the input the next array given to `readFrom` stands. */
  #given_bytes = 0;

  constructor(arena: Arena, target: TargetMaker) {
    const address = arena.keep('input window', WINDOW_BYTES);
    this.window = new Window(WINDOW_BYTES, () => arena.bytes(address, WINDOW_BYTES));
    this.#reading = readStream(this.window, address, target, (format) => {
      this.#compression = format;
    });
  }

  /**
   * Set once the stream is found to be compressed, in a libvirt image: what is in the window and what follows
   * has to be decompressed, and given to the window instead (`Window.restart`).
   */
  get compression(): LibvirtFormat | undefined {
    return this.#compression;
  }

  /** Reads on with what the window holds; true when the stream is read whole. */
  step(): boolean {
    if (this.#fault !== undefined) throw this.#fault;
    if (this.#facts !== undefined) return true;
    try {
      const result = this.#reading.next();
      if (result.done === true) this.#facts = result.value;
      return result.done === true;
    } catch (fault) {
      this.#fault = fault;
      throw fault;
    }
  }

  /**
   * Reads from the next piece of the input. What the reader goes past unread is dropped.
   *
   * @throws `input-not-seekable` where it wants to go back, as it does in a mapped-ram file
   */
  readFrom(piece: Uint8Array): void {
    const base = this.#given_bytes;
    this.#given_bytes += piece.length;
    this.#readPart(piece, base);
  }

  /** Reads the whole of an input that is in memory. */
  readWhole(bytes: Uint8Array): StreamFacts {
    this.#readPart(bytes, 0);
    return this.end();
  }

  /** Says that the input has ended, and gives what was found. @throws `stream-cut` and others */
  end(): StreamFacts {
    while (this.#facts === undefined) {
      this.window.endInput();
      this.step();
    }
    return this.#facts;
  }

  #readPart(piece: Uint8Array, base: number): void {
    let is_done = this.#facts !== undefined;
    while (!is_done) {
      if (this.#compression !== undefined) throw fail('libvirt-in-memory', { format: this.#compression });
      const at = this.window.end_offset - base;
      if (at < 0) throw fail('input-not-seekable', { offset: this.window.end_offset });
      if (at >= piece.length) return;
      const free = this.window.free();
      const part = piece.subarray(at, at + free.length);
      free.set(part);
      this.window.filled(part.length);
      is_done = this.step();
    }
  }
}

function* readStream(
  window: Window,
  window_address: number,
  target: TargetMaker,
  onCompressed: (format: LibvirtFormat) => void,
): Reading<StreamFacts> {
  const libvirt = (yield* isLibvirtImage(window)) ? yield* readLibvirtHead(window) : undefined;
  if (libvirt === undefined && window.available_bytes === 0) throw fail('stream-empty', {});
  if (libvirt !== undefined && libvirt.format !== 'raw' && libvirt.format !== 'sparse') {
    onCompressed(libvirt.format);
    yield;
  }
  yield* readFileHeader(window);
  const configuration = yield* readConfiguration(window, LAYOUT.PAGE_SIZE);
  const { machine, capabilities, target_page_bits } = configuration;
  const live = yield* readSections(window, window_address, capabilities, target);
  const tail_offset = window.offset;
  const tail = yield* readTail(window);
  const { ram, sections } = live;
  return {
    version: FILE_VERSION,
    machine,
    capabilities,
    ram_section_id: ram.head.id,
    blocks: ram.blocks,
    target_page_bits,
    ...ram.came,
    mapped_counts: ram.mapped_counts,
    sections: [...sections.list, ...splitTail(tail, tail_offset, LAYOUT.PAGE_SIZE, live.begun)],
    not_carried: live.not_carried,
    tail_offset,
    tail,
    rounds: ram.rounds,
    stream_bytes: window.offset,
    libvirt,
  };
}
