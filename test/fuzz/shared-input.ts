/** The input that is being run, in memory that the watching thread sees too. */
import type { Family } from './seeds.ts';
import { FAMILIES } from './seeds.ts';

export interface Job {
  readonly seed: number;
  /** Whichever comes first. */
  readonly seconds: number;
  readonly inputs: number;
  readonly shared: SharedArrayBuffer;
  /** This one input, and nothing else. */
  readonly confirm?: { readonly family: Family; readonly input: string };
}

export function isJob(value: unknown): value is Job {
  return (
    typeof value === 'object' &&
    value !== null &&
    'shared' in value &&
    value.shared instanceof SharedArrayBuffer &&
    'seed' in value &&
    typeof value.seed === 'number' &&
    'seconds' in value &&
    typeof value.seconds === 'number' &&
    'inputs' in value &&
    typeof value.inputs === 'number'
  );
}

const HEAD_BYTES = 64;
const BYTES_MAX = 2 ** 20;
const NAMES = [...FAMILIES, 'file'] as const;

/** Words: how many inputs began, whether one is being run, its size, its family. */
export class SharedInput {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(buffer = new SharedArrayBuffer(HEAD_BYTES + BYTES_MAX)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, 4);
    this.#bytes = new Uint8Array(buffer, HEAD_BYTES);
  }

  begin(family: Family | 'file', bytes: Uint8Array): void {
    this.#bytes.set(bytes);
    Atomics.store(this.#words, 2, bytes.length);
    Atomics.store(this.#words, 3, NAMES.indexOf(family));
    Atomics.store(this.#words, 1, 1);
    Atomics.add(this.#words, 0, 1);
  }

  end(): void {
    Atomics.store(this.#words, 1, 0);
  }

  /** Which input is being run, by its number; undefined between two. */
  get running(): number | undefined {
    return Atomics.load(this.#words, 1) === 1 ? Atomics.load(this.#words, 0) : undefined;
  }

  get family(): Family | 'file' {
    return NAMES[Atomics.load(this.#words, 3)] ?? 'file';
  }

  copy(): Buffer {
    return Buffer.from(this.#bytes.slice(0, Atomics.load(this.#words, 2)));
  }
}
