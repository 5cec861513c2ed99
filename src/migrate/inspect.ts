/** Looks through a migration stream without keeping its pages. */
import { Arena } from '../core/arena.ts';
import { LAYOUT } from '../core/core.ts';
import { allocTable, blockKinds, type PageKinds } from '../guest/bank.ts';
import type { InspectDocument } from '../stats/inspect.ts';
import { type StreamFacts, StreamReader } from './read-stream.ts';

/** Looks through a stream piece by piece: fill `reader.window` and call `reader.step`, then `end`. */
export class StreamInspector {
  readonly reader: StreamReader;
  readonly #arena = new Arena();
  #table = 0;

  constructor() {
    this.reader = new StreamReader(this.#arena, (blocks) => {
      this.#table = allocTable(this.#arena, blocks);
      return { banks: [{ arena: this.#arena, table: this.#table }] };
    });
  }

  /** Says that the input has ended. @throws `stream-cut` and whatever else was wrong with it */
  end(): InspectDocument {
    const facts = this.reader.end();
    const blocks = facts.blocks.map((block, index) => ({
      name: block.name,
      used_bytes: block.bytes,
      pages: { ...blockKinds(this.#arena, this.#table, index), xbzrle: 0 },
    }));
    return describe(facts, blocks);
  }
}

function describe(facts: StreamFacts, blocks: InspectDocument['blocks']): InspectDocument {
  const sum = (kind: keyof PageKinds): number =>
    blocks.reduce((total, block) => total + block.pages[kind], 0);
  return {
    schema: 'pagepipe/inspect/1',
    format: 'qemu-stream',
    version: facts.version,
    machine: facts.machine,
    page_size: LAYOUT.PAGE_SIZE,
    sections: facts.sections,
    blocks,
    pages: { normal: sum('normal'), fill: sum('fill'), zero: sum('zero'), xbzrle: 0 },
    rounds: facts.rounds,
    stream_bytes: facts.stream_bytes,
  };
}

/**
 * Looks through a migration stream in memory.
 *
 * @example inspectStream(bytes).pages.zero
 */
export function inspectStream(bytes: Uint8Array): InspectDocument {
  const inspector = new StreamInspector();
  inspector.reader.readWhole(bytes);
  return inspector.end();
}
