/** A writer and a reader on one pipe of the model, watched: what is copied when, and what every event leaves. */
import * as assert from 'uvu/assert';
import type { DrawnCosts } from '../../src/model/costs.ts';
import { type CpuOptions, Cpus } from '../../src/model/cpus.ts';
import { PipeInode } from '../../src/model/pipe-inode.ts';
import type { ReaderParts } from '../../src/model/reader.ts';
import type { Thread, WakeLatency } from '../../src/model/thread.ts';
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
    const taken = super.written(bytes);
    this.copies.push({ who: 'writer', bytes, end_ns: this.#kernel.now() });
    return taken;
  }

  override drained(bytes: number): number {
    assert.is(this.mutex.is_held, true, 'a read without the lock');
    const taken = super.drained(bytes);
    assert.is(taken, bytes, 'less was there than was copied');
    this.copies.push({ who: 'reader', bytes, end_ns: this.#kernel.now() });
    return taken;
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
    const { wake_ns, wake_idle_ns, idle_after_ns } = this.costs;
    const latency: WakeLatency = { wake_ns, wake_idle_ns, idle_after_ns };
    return this.cpus.thread(name, latency);
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
    return this.inode.written(bytes);
  }

  /** The same for a thread that goes by events. */
  write(thread: Thread, bytes: number, then: (taken: number) => void): void {
    thread.run(this.costs.write_call_ns, () => {
      this.inode.mutex.take(() => {
        thread.run(bytes * this.costs.write_byte_ns, () => then(this.inode.written(bytes)));
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
