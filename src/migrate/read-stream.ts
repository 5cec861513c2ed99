/** Reads a migration stream through the core: its elements here, its page records in Wasm. */
import type { Arena } from '../core/arena.ts';
import { fail } from '../errors.ts';
import { ELEMENT_COMMAND, ELEMENT_SECTION_END, FILE_VERSION, TAIL_BYTES_MAX } from '../format/constants.ts';
import { type BlockLength, readCommand, readConfiguration, readFileHeader } from '../format/reader.ts';
import { splitTail, type TailSection } from '../format/tail.ts';
import { type Reading, readU8, Window } from '../format/window.ts';
import { type MakeTable, type RamHead, RamSection } from './ram-section.ts';

/** Size of the window that input is read through: large enough that a read costs little beside its copy. */
const WINDOW_BYTES = 2 ** 20;

/** One section as it stands in the stream; `bytes` from its type byte to the end of its footer. */
export interface StreamSection {
  readonly id: number;
  readonly type: RamHead['type'] | TailSection['type'];
  readonly name: string;
  readonly instance: number;
  readonly version: number;
  readonly offset: number;
  readonly bytes: number;
}

/** What a stream was found to hold, beside the pages. */
export interface StreamFacts {
  readonly version: number;
  readonly machine: string;
  readonly ram_section_id: number;
  readonly blocks: readonly BlockLength[];
  readonly sections: readonly StreamSection[];
  /** All that follows RAM's last section, to the end of the input. */
  readonly tail: Uint8Array<ArrayBuffer>;
  /** How often the pages were gone through: 1 + how often a page came at or before the one before it. */
  readonly rounds: number;
  readonly stream_bytes: number;
}

/** A stream that is being read; its driver fills the window until `step` says that it is done. */
export class StreamReader {
  readonly window: Window;
  readonly #reading: Reading<StreamFacts>;
  #facts: StreamFacts | undefined;

  constructor(arena: Arena, makeTable: MakeTable) {
    const address = arena.alloc(WINDOW_BYTES);
    this.window = new Window(WINDOW_BYTES, () => arena.bytes(address, WINDOW_BYTES));
    this.#reading = readStream(arena, this.window, address, makeTable);
  }

  /** Reads on with what the window holds; true when the stream is read whole. */
  step(): boolean {
    const result = this.#reading.next();
    if (result.done === true) this.#facts = result.value;
    return result.done === true;
  }

  /** Reads from an array. */
  readFrom(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && this.#facts === undefined) {
      const free = this.window.free();
      const piece = bytes.subarray(at, at + free.length);
      free.set(piece);
      this.window.filled(piece.length);
      at += piece.length;
      this.step();
    }
  }

  /** Says that the input has ended, and gives what was found. @throws `stream-cut` and others */
  end(): StreamFacts {
    this.window.endInput();
    while (this.#facts === undefined) this.step();
    return this.#facts;
  }
}

function* readStream(
  arena: Arena,
  window: Window,
  window_address: number,
  makeTable: MakeTable,
): Reading<StreamFacts> {
  yield* readFileHeader(window);
  const machine = yield* readConfiguration(window);
  const ram = new RamSection(arena, window, window_address, makeTable);
  const sections: StreamSection[] = [];
  let type: number;
  do {
    const offset = window.offset;
    type = yield* readU8(window, 'the next section');
    if (type === ELEMENT_COMMAND) {
      yield* readCommand(window, offset);
      continue;
    }
    const section = yield* ram.read(type, offset);
    sections.push({ ...section, offset, bytes: window.offset - offset });
  } while (type !== ELEMENT_SECTION_END);
  const tail_offset = window.offset;
  const tail = yield* readTail(window);
  return {
    version: FILE_VERSION,
    machine,
    ram_section_id: ram.id,
    blocks: ram.blocks,
    sections: [...sections, ...splitTail(tail, tail_offset)],
    tail,
    rounds: ram.rounds,
    stream_bytes: window.offset,
  };
}

/** All that is left of the input. */
function* readTail(window: Window): Reading<Uint8Array<ArrayBuffer>> {
  const offset = window.offset;
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  while (!window.is_ended || window.available_bytes > 0) {
    if (window.available_bytes === 0) yield;
    const piece = window.available().slice();
    window.consume(piece.length);
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > TAIL_BYTES_MAX) throw fail('tail-too-large', { offset, bytes_max: TAIL_BYTES_MAX });
  }
  const tail = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    tail.set(piece, at);
    at += piece.length;
  }
  return tail;
}
