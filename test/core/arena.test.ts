import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Arena } from '../../src/core/arena.ts';
import { PagepipeError } from '../../src/errors.ts';
import { Guest } from '../../src/guest/guest.ts';
import { assertBytes, failure, noise } from '../support/folder.ts';

const WASM_PAGE_BYTES = 65_536;

test('ranges are aligned, zero, inside the memory, and do not overlap', () => {
  const asks = fc.array(
    fc.record({ bytes: fc.oneof(fc.nat(100), fc.nat(200_000)), power: fc.integer({ min: 0, max: 14 }) }),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(asks, (list) => {
      const arena = new Arena();
      let end = 64;
      for (const { bytes, power } of list) {
        const address = arena.alloc(bytes, 2 ** power);
        assert.is(address % 2 ** power, 0);
        // from the bottom up, and no more left out than the alignment asks for
        assert.ok(address >= end && address - end < 2 ** power);
        const view = arena.bytes(address, bytes);
        assert.ok(view.every((byte) => byte === 0));
        view.fill(0xff);
        end = address + bytes;
        assert.ok(end <= arena.memory.buffer.byteLength);
      }
    }),
    { numRuns: 40 },
  );
});

test('64 is the alignment unless one is given, and address 0 is never given', () => {
  const arena = new Arena();
  assert.equal([arena.alloc(1), arena.alloc(1), arena.alloc(64), arena.alloc(0)], [64, 128, 192, 256]);
  assert.is(arena.alloc(1, 1), 256);
  assert.is(arena.alloc(1, 1), 257);
});

test('the memory grows by no more than is missing, and not while there is room', () => {
  const arena = new Arena();
  assert.is(arena.memory.buffer.byteLength, WASM_PAGE_BYTES);
  arena.alloc(WASM_PAGE_BYTES - 64);
  assert.is(arena.memory.buffer.byteLength, WASM_PAGE_BYTES);
  arena.alloc(1);
  assert.is(arena.memory.buffer.byteLength, 2 * WASM_PAGE_BYTES);
  arena.alloc(10 * WASM_PAGE_BYTES);
  assert.is(arena.memory.buffer.byteLength, 12 * WASM_PAGE_BYTES);
});

test('what was written stays through a growth, in a view made anew', () => {
  const arena = new Arena();
  const address = arena.alloc(100);
  const view = arena.bytes(address, 100).fill(0x5a);
  arena.alloc(WASM_PAGE_BYTES);
  assert.is(view.length, 0, 'growing detaches');
  assert.ok(arena.bytes(address, 100).every((byte) => byte === 0x5a));
});

test('the core works on the memory before and after a growth', () => {
  const arena = new Arena();
  const address = arena.alloc(4096, 4096);
  arena.core.setU32(address, 7);
  arena.alloc(WASM_PAGE_BYTES);
  assert.is(arena.core.u32(address), 7);
  assert.is(arena.core.isZero(address), false);
});

test('over 4 GiB there is no memory, and the arena goes on as if it had not been asked', () => {
  const arena = new Arena();
  const before = arena.alloc(1);
  for (const bytes of [2 ** 32, 2 ** 40, 2 ** 32 - 128 + 1]) {
    assert.throws(
      () => arena.alloc(bytes),
      (e: unknown) =>
        e instanceof PagepipeError && e.code === 'memory-full' && e.detail.wanted_bytes === bytes,
      `${bytes}`,
    );
  }
  assert.is(arena.memory.buffer.byteLength, WASM_PAGE_BYTES);
  assert.is(arena.alloc(1), before + 64);
});

test('4 GiB to the last byte, and addresses over 2^31 are unsigned', () => {
  const arena = new Arena();
  assert.is(arena.alloc(2 ** 31), 64);
  const high = arena.alloc(4096, 4096);
  assert.is(high, 2 ** 31 + 4096);
  arena.bytes(high, 4096).fill(9);
  assert.is(arena.core.isZero(high), false);
  arena.alloc(2 ** 32 - high - 4096, 1);
  assert.is(arena.memory.buffer.byteLength, 2 ** 32);
  assert.throws(() => arena.alloc(1), /memory/);
});

test('a shared arena has a shared memory, and the core built for it', () => {
  const arena = new Arena({ shared: true });
  assert.ok(arena.memory.buffer instanceof SharedArrayBuffer);
  const bitmap = arena.alloc(arena.core.bitmapSize(100));
  arena.core.bitmapSet(bitmap, 3, 5);
  arena.alloc(WASM_PAGE_BYTES);
  assert.is(arena.core.bitmapCount(bitmap, 100), 5);
});

test('a shared memory is known where SharedArrayBuffer has no name, as in a page that is not isolated', () => {
  const named = Object.getOwnPropertyDescriptor(globalThis, 'SharedArrayBuffer');
  if (named === undefined) throw new Error('this Node has no SharedArrayBuffer');
  Reflect.deleteProperty(globalThis, 'SharedArrayBuffer');
  try {
    const arena = new Arena({ shared: true });
    assert.is(arena.is_shared, true);
    const bitmap = arena.alloc(arena.core.bitmapSize(100));
    arena.core.bitmapSet(bitmap, 3, 5);
    assert.is(arena.core.bitmapCount(bitmap, 100), 5);
    assert.is(new Arena().is_shared, false);
  } finally {
    Object.defineProperty(globalThis, 'SharedArrayBuffer', named);
  }
});

test('an arena on the memory of another goes on behind what that one has handed out', () => {
  const first = new Arena({ shared: true });
  const address = first.alloc(100);
  const second = new Arena({ memory: first.memory });
  assert.is(second.is_shared, true);
  const behind = second.alloc(100);
  assert.ok(behind >= address + 100);
  assert.ok(first.alloc(1) >= behind + 100);
});

test('an arena on the memory of another that has handed out nothing yet', () => {
  const { memory } = new Arena({ shared: true });
  assert.is(new Arena({ memory }).alloc(1), 64);
});

/** Memories that no arena has made. */
function foreignMemories(): [name: string, memory: WebAssembly.Memory][] {
  const made = (initial: number, shared: boolean) => new WebAssembly.Memory({ initial, maximum: 4, shared });
  const filled = (shared: boolean) => {
    const memory = made(1, shared);
    new Uint8Array(memory.buffer).set(noise(WASM_PAGE_BYTES, 5));
    return memory;
  };
  // as a program has it whose first word is a pointer to its stack, or the length of something
  const counting = made(2, true);
  new BigInt64Array(counting.buffer)[0] = 4096n;
  return [
    ['no page, shared', made(0, true)],
    ['no page', made(0, false)],
    ['zeros, shared', made(1, true)],
    ['zeros', made(1, false)],
    ['noise, shared', filled(true)],
    ['noise', filled(false)],
    ['a word that could be how far an arena is', counting],
  ];
}

for (const [name, memory] of foreignMemories()) {
  test(`a memory that no arena made is refused, and not a byte of it changes: ${name}`, async () => {
    const before = new Uint8Array(memory.buffer).slice();
    await failure('arena-foreign-memory', () => new Arena({ memory }));
    await failure('arena-foreign-memory', () => Guest.attach({ specs: [], banks: [{ memory, places: [] }] }));
    assertBytes(new Uint8Array(memory.buffer), before, 'the memory');
  });
}

test('a memory of an arena whose word was overwritten is refused', async () => {
  const { memory } = new Arena({ shared: true });
  for (const next of [-1n, 8n, 2n ** 32n + 1n]) {
    new BigInt64Array(memory.buffer)[0] = next;
    await failure('arena-foreign-memory', () => new Arena({ memory }));
  }
});

test('the memory of an arena that is not shared is refused: a growth would detach the views of the other', async () => {
  const { memory } = new Arena();
  const before = new Uint8Array(memory.buffer).slice();
  const error = await failure('arena-not-shared', () => new Arena({ memory }));
  assert.match(error.hint ?? '', /shared: true/);
  assertBytes(new Uint8Array(memory.buffer), before, 'the memory');
});

test.run();
