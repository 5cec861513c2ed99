/** Takes ranges of pages until there are none, and writes them to the file by a descriptor of its own. */
import { closeSync, constants, openSync } from 'node:fs';
import { Core } from '../../core/core.ts';
import { fail } from '../../errors.ts';
import { RangeWalk, rangeCount } from '../../save/parallel/page-ranges.ts';
import { reasonOf } from '../os-error.ts';
import { writeAllAt } from '../output/write-at.ts';
import { WriterControl, type WriterRound, type WriterSetup } from './writer-protocol.ts';

export class RangeWriter {
  readonly #setup: WriterSetup;
  readonly #control: WriterControl;
  readonly #walk: RangeWalk;
  readonly #fd: number;
  #short_writes = 0;
  #longest_write_ms = 0;
  #written_bytes = 0;

  /** @throws `output-refused` */
  constructor(setup: WriterSetup) {
    this.#setup = setup;
    this.#control = new WriterControl(setup.control);
    const cores = setup.memories.map((memory) => new Core(memory));
    this.#walk = new RangeWalk(setup.parts, setup.areas, cores, (bank, address, bytes, file_offset) =>
      this.#write(bank, address, bytes, file_offset),
    );
    this.#fd = openFile(setup);
  }

  /** Sends dirty pages until no range is left, or the save has been stopped. */
  round(): WriterRound {
    const count = rangeCount(this.#setup.parts);
    let normal = 0;
    let zero = 0;
    this.#short_writes = 0;
    this.#longest_write_ms = 0;
    while (!this.#control.is_stopped) {
      const range = this.#control.takeRange(this.#setup.index, count);
      if (range === undefined) break;
      this.#written_bytes = 0;
      const sent = this.#walk.send(range);
      normal += sent.normal;
      zero += sent.zero;
      this.#control.sent(this.#setup.index, sent.normal + sent.zero, this.#written_bytes);
    }
    const longest_write_ns = Math.round(this.#longest_write_ms * 1e6);
    return { normal, zero, short_writes: this.#short_writes, longest_write_ns };
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** The bytes go from where the guest has them: pages stand at whole pages, as O_DIRECT wants it. */
  #write(bank: number, address: number, bytes: number, file_offset: number): void {
    const memory = this.#setup.memories[bank];
    if (memory === undefined) return;
    const file = { fd: this.#fd, path: this.#setup.path };
    const before_ms = performance.now();
    this.#short_writes += writeAllAt(file, new Uint8Array(memory.buffer, address, bytes), file_offset);
    this.#longest_write_ms = Math.max(this.#longest_write_ms, performance.now() - before_ms);
    this.#written_bytes += bytes;
  }
}

function openFile({ part_path, path, direct }: WriterSetup): number {
  try {
    return openSync(part_path, constants.O_WRONLY | (direct ? constants.O_DIRECT : 0));
  } catch (cause) {
    throw fail('output-refused', { path, reason: reasonOf(cause) }, cause);
  }
}
