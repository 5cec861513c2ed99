/** A writer and a reader on one pipe of the model, watched: what is copied when, and what every event leaves. */
import * as assert from 'uvu/assert';
import { type CpuOptions, Cpus } from '../../src/model/machine/cpus.ts';
import { PipeInode } from '../../src/model/machine/pipe-inode.ts';
import type { Thread } from '../../src/model/machine/thread.ts';
import { TwoWakes } from '../../src/model/machine/wakes.ts';
import type { ReaderParts } from '../../src/model/reader.ts';
import type { DrawnCosts } from '../../src/model/scenario/costs.ts';
import { WatchedKernel } from './model-world.ts';

/** A copy into or out of the pipe. */
export interface Copy {
  readonly who: 'writer' | 'reader';
  readonly bytes: number;
  readonly end_ns: number;
}

/** Notes every copy when it ends. */
class WatchedInode extends PipeInode {
  readonly copies: Copy[] = [];
  readonly #kernel: WatchedKernel;

  constructor(kernel: WatchedKernel, slots: number) {
    super(slots);
    this.#kernel = kernel;
  }

  override written(bytes: number): number {
    assert.is(this.mutex.is_held, true, 'a write without the lock');
    const wake_call_ns = super.written(bytes);
    this.copies.push({ who: 'writer', bytes, end_ns: this.#kernel.now() });
    return wake_call_ns;
  }

  override drained(bytes: number): number {
    assert.is(this.mutex.is_held, true, 'a read without the lock');
    assert.ok(this.pipe.held_bytes >= bytes, 'less was there than was copied');
    const wake_call_ns = super.drained(bytes);
    this.copies.push({ who: 'reader', bytes, end_ns: this.#kernel.now() });
    return wake_call_ns;
  }
}

export interface PipeWorldOptions {
  readonly costs: DrawnCosts;
  readonly cpus?: Partial<CpuOptions>;
  readonly slots?: number;
}

export class PipeWorld {
  readonly kernel = new WatchedKernel();
  readonly cpus: Cpus;
  readonly inode: WatchedInode;
  readonly costs: DrawnCosts;

  constructor({ costs, cpus, slots }: PipeWorldOptions) {
    this.costs = costs;
    this.cpus = new Cpus(this.kernel, {
      count: 2,
      slice_ns: 4_000_000,
      switch_ns: costs.switch_ns,
      ...cpus,
    });
    this.inode = new WatchedInode(this.kernel, slots ?? 16);
  }

  thread(name: string): Thread {
    return this.cpus.thread(name, new TwoWakes(this.costs));
  }

  /** What a reader is made of. */
  get parts(): ReaderParts {
    return { kernel: this.kernel, thread: this.thread('reader'), inode: this.inode, costs: this.costs };
  }

  /** Offers a write, as synchronous code does; says how much was taken. */
  writeNow(thread: Thread, bytes: number): number {
    thread.spend(this.costs.write_call_ns);
    this.inode.mutex.takeNow(thread);
    thread.spend(bytes * this.costs.write_byte_ns);
    return this.#written(bytes);
  }

  /** How much was taken. */
  #written(bytes: number): number {
    const taken = this.inode.pipe.room(bytes);
    this.inode.written(bytes);
    return taken;
  }

  /** The same for a thread that goes by events. */
  write(thread: Thread, bytes: number, then: (taken: number) => void): void {
    thread.run(this.costs.write_call_ns, () => {
      this.inode.mutex.take(() => {
        thread.run(bytes * this.costs.write_byte_ns, () => then(this.#written(bytes)));
      });
    });
  }

  /** Synchronous code that writes all of these, waits for room in between, and closes. */
  writeAllNow(thread: Thread, writes: readonly number[]): void {
    for (const bytes of writes) {
      for (let left = bytes; left > 0; ) {
        const taken = this.writeNow(thread, left);
        left -= taken;
        if (taken === 0) this.#waitForRoom(thread);
      }
    }
    this.inode.close();
    thread.end();
  }

  #waitForRoom(thread: Thread): void {
    let has_room = false;
    this.inode.whenWritable(() => {
      has_room = true;
      return 0;
    });
    thread.wait(() => has_room);
  }

  /** The same for a thread that goes by events. */
  writeAll(thread: Thread, writes: readonly number[]): void {
    const left = [...writes];
    const goOn = (): void => {
      const [bytes] = left;
      if (bytes === undefined) {
        this.inode.close();
        return;
      }
      this.write(thread, bytes, (taken) => {
        if (taken === bytes) left.shift();
        else left[0] = bytes - taken;
        if (taken > 0) goOn();
        else this.inode.whenWritable(() => thread.wake(goOn));
      });
    };
    goOn();
  }
}
