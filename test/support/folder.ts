/** The ground that tests of real files stand on: a folder of their own, bytes to write, what came of them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type ErrorCode, PagepipeError } from '../../src/errors.ts';

/** Wraps a test: it gets a fresh folder, which is removed whatever happens. */
export function inFolder(run: (folder: string) => Promise<void> | void): () => Promise<void> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pagepipe-test-'));
    try {
      await run(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

/** Bytes that repeat nowhere near, so that a lost, doubled or moved piece shows; the same for the same seed. */
export function noise(bytes: number, seed = 1): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(bytes / 4));
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer, 0, bytes);
}

/** Says where two byte strings first differ; `assert.equal` would print both of them. */
export function assertBytes(actual: Uint8Array, expected: Uint8Array, what = 'bytes'): void {
  const shorter = Math.min(actual.length, expected.length);
  if (Buffer.compare(actual.subarray(0, shorter), expected.subarray(0, shorter)) !== 0) {
    const at = expected.findIndex((byte, i) => byte !== actual[i]);
    assert.unreachable(`${what}: ${actual[at]} and not ${expected[at]} at offset ${at}`);
  }
  assert.is(actual.length, expected.length, `${what}: length`);
}

/** Sets a variable of the environment while something runs. */
export async function withVariable<T>(name: string, value: string, run: () => T): Promise<Awaited<T>> {
  const before = process.env[name];
  process.env[name] = value;
  try {
    return await run();
  } finally {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  }
}

/** Asserts that a file holds just these bytes. */
export function assertFile(path: string, expected: Uint8Array): void {
  assertBytes(readFileSync(path), expected, path);
}

/** Runs what must fail, and returns the error, which must be a PagepipeError of one line with this code. */
export async function failure(code: ErrorCode, run: () => unknown): Promise<PagepipeError> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof PagepipeError)) throw error;
    assert.is(error.code, code, error.message);
    assert.not.match(error.message, /\n|undefined|\[object/);
    return error;
  }
  throw new Error(`${code} was expected, but it succeeded`);
}
