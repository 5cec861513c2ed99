/** Loading into a guest that is there: its RAM becomes the stream's, whatever it held before. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Guest, loadStream } from '../../src/index.ts';
import { type BlockToBuild, buildMapped } from '../ref/mapped-ram.ts';
import { patternPage, sample } from '../ref/stream.ts';
import { assertRam, refusal } from '../support/reading.ts';

const BLOCKS: readonly BlockToBuild[] = [
  { name: 'pc.ram', pages: [patternPage(1), undefined, patternPage(2), undefined] },
  { name: 'pc.bios', pages: [undefined] },
];

/** A guest of the same blocks as another, all of it ones. */
function fullGuest(like: Guest): Guest {
  const guest = new Guest(like.blocks.map(({ name, bytes }) => ({ name, bytes })));
  for (const block of guest.blocks) guest.ram(block).fill(1);
  return guest;
}

const into = suite('load into a guest');

into('a stream replaces what the RAM held', () => {
  const built = sample();
  const guest = fullGuest(loadStream(built.build()).guest);
  const loaded = loadStream(built.build(), { into: guest });
  assert.is(loaded.guest, guest);
  assert.is(loaded.facts.rounds, built.rounds);
  assertRam(loaded, built.ram, 'into a full guest');
});

into('pages that a mapped-ram file leaves out are made zero', () => {
  const built = buildMapped(BLOCKS);
  const guest = fullGuest(loadStream(built.bytes).guest);
  assertRam(loadStream(built.bytes, { into: guest }), built.ram, 'into a full guest');
});

into('one load after the other takes no more memory', () => {
  const stream = sample().build();
  const { guest } = loadStream(stream);
  const { memory } = guest.arena;
  const before_bytes = memory.buffer.byteLength;
  for (let i = 0; i < 20; i++) loadStream(stream, { into: guest });
  assert.is(memory.buffer.byteLength, before_bytes);
});

into('other blocks are refused before anything is written, with the first that differs', () => {
  const built = sample();
  const specs = loadStream(built.build()).guest.blocks.map(({ name, bytes }) => ({ name, bytes }));
  const [first = { name: '', bytes: 0 }, ...rest] = specs;
  const others = [
    [{ ...first, name: 'other' }, ...rest],
    [{ ...first, bytes: first.bytes + 4096 }, ...rest],
    [...specs, { name: 'more', bytes: 4096 }],
    rest,
  ];
  for (const other of others) {
    const guest = new Guest(other);
    for (const block of guest.blocks) guest.ram(block).fill(1);
    const { code, message } = refusal(() => loadStream(built.build(), { into: guest }));
    assert.is(code, 'into-blocks');
    assert.match(message, /RAM block \d+ .* the guest to load into/);
    for (const block of guest.blocks) assert.ok(guest.ram(block).every((byte) => byte === 1));
  }
});

into.run();
