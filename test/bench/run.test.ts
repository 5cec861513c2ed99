/** All cases on a small guest: what they say, and that each one notices a build that answers wrongly. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { THIS_BUILD } from '../../src/bench/build.ts';
import { Workbench } from '../../src/bench/case.ts';
import { facadeCases } from '../../src/bench/cases/facade.ts';
import { type BenchOptions, benchCaseNames, buildOfModule, runBench } from '../../src/bench/index.ts';
import { Lab } from '../../src/bench/lab.ts';
import { type ErrorCode, PagepipeError } from '../../src/errors.ts';
import * as pagepipe from '../../src/index.ts';

const MIB = 2 ** 20;
const { Core } = pagepipe;

/** A hundred times as fast as the real one: samples are short, and cases soon warm. */
const fastClock: pagepipe.Clock = { now: () => pagepipe.systemClock.now() * 100 };

const bench = (options: BenchOptions) => runBench({ clock: fastClock, budget_ns: 0, ...options });

async function refusal(options: BenchOptions, code: ErrorCode): Promise<string> {
  try {
    await bench(options);
  } catch (error) {
    if (error instanceof PagepipeError && error.code === code) return error.message;
    throw error;
  }
  throw new Error(`no ${code}`);
}

/** This build with another core. */
const withCore = (Core: typeof pagepipe.Core): BenchOptions['against'] => ({
  version: null,
  commit: null,
  build: buildOfModule({ ...pagepipe, Core }, 'a test'),
});

/** Rates that must be there. */
function withoutNull(rates: pagepipe.BenchCaseResult['gb_per_s']): Partial<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(rates).flatMap(([name, rate]) => (rate === null ? [] : [[name, rate]])),
  );
}

test('every case once, with its samples and rates, and the keys of the contract', async () => {
  const facts = { version: '1.2.3', commit: 'abc' };
  const document = await bench({ size_bytes: 18 * MIB, facts, machine: { cpu: 'x' } });
  assert.equal(Object.keys(document), ['schema', 'version', 'commit', 'cases', 'machine']);
  assert.is(document.schema, 'pagepipe/bench/1');
  assert.equal([document.version, document.commit, document.machine], ['1.2.3', 'abc', { cpu: 'x' }]);
  const names = document.cases.map(({ name }) => name);
  assert.equal(names, benchCaseNames(18 * MIB));
  assert.is(new Set(names).size, names.length, 'no name twice');
  for (const { name, bytes, gb_per_s, samples, unmeasured } of document.cases) {
    assert.is(samples.length, 15, name);
    assert.is(unmeasured, undefined, name);
    const { median = 0, min = 0, max = 0 } = withoutNull(gb_per_s);
    assert.ok(min > 0 && min <= median && median <= max && Number.isFinite(max), name);
    assert.ok(Math.abs(bytes / Math.min(...samples) / 1e9 / max - 1) < 1e-4, name);
    assert.ok(name.length <= 30, `${name} fits the table of compare`);
  }
});

test('bytes on the wire: 9 for a zero page, 4104 for any other, 5 for the name of a block', async () => {
  const { cases } = await bench({ size_bytes: MIB, only: /^encode|^decode|^facade/ });
  const wire = new Map(cases.map(({ name, wire_bytes }) => [name, wire_bytes]));
  assert.is(wire.get('encode/normal/1MiB'), 256 * 4104 + 5);
  assert.is(wire.get('encode/zero/1MiB'), 256 * 9 + 5);
  assert.is(wire.get('encode/zero/1MiB/3-blocks'), 256 * 9 + 15);
  assert.is(wire.get('decode/normal/1MiB'), 256 * 4104 + 5);
  assert.is(wire.get('facade/encode-by-page'), 256 * 9 + 5);
  assert.is(wire.get('facade/bitmap-next'), undefined);
  const half = (wire.get('encode/half/1MiB') ?? 0) - 5 - 256 * 9;
  assert.is(half % 4095, 0, 'each page that is not zero takes 4095 bytes more');
  assert.ok(half / 4095 > 96 && half / 4095 < 160, `${half / 4095} of 256 pages`);
});

test('the cases of a size: 1 MiB and 16 MiB beside it, none twice', () => {
  const names = benchCaseNames(2 ** 30);
  for (const name of ['zero/1GiB', 'encode/half/16MiB', 'xbzrle-encode/8x8B', 'encode/zero/1GiB/3-blocks']) {
    assert.ok(names.includes(name), name);
  }
  assert.ok(!benchCaseNames(MIB).some((name) => name.includes('16MiB')));
  assert.ok(benchCaseNames(16 * MIB).includes('encode/half/16MiB'));
});

test('a shadow is left out where it and the RAM do not fit one memory; fingerprints fit any', () => {
  const diffsOf = (size_bytes: number): string[] =>
    benchCaseNames(size_bytes).filter((name) => name.startsWith('diff/'));
  const middle = ['diff/shadow/16MiB', 'diff/fingerprint/16MiB'];
  assert.equal(diffsOf(MIB), ['diff/shadow/1MiB', 'diff/fingerprint/1MiB']);
  assert.equal(diffsOf(16 * MIB), middle);
  assert.equal(diffsOf(2 ** 30), [...middle, 'diff/shadow/1GiB', 'diff/fingerprint/1GiB']);
  // half of what a guest may have at most
  assert.ok(diffsOf(2008 * MIB).includes('diff/shadow/2008MiB'));
  assert.equal(diffsOf(2009 * MIB), [...middle, 'diff/fingerprint/2009MiB']);
});

test('sizes that are not measured, and patterns that nothing has', async () => {
  for (const size_bytes of [0, 4096, MIB + 4096, 2 ** 32]) {
    assert.match(await refusal({ size_bytes }, 'usage-bench-size'), /: give whole MiB, 1MiB to \d+MiB$/);
  }
  assert.match(
    await refusal({ size_bytes: MIB, only: /^nothing/ }, 'usage-bench-only'),
    /give part of a name/,
  );
  // one that remembers where it was finds the same all the same
  const { cases } = await bench({ size_bytes: MIB, only: /xbzrle-decode/g });
  assert.is(cases.length, 5);
});

test('an abort ends it at the next turn; the share grows to 1', async () => {
  const controller = new AbortController();
  const shares: number[] = [];
  const onProgress = (share: number): void => {
    shares.push(share);
    if (shares.length === 40) controller.abort();
  };
  await refusal({ size_bytes: MIB, signal: controller.signal, onProgress }, 'interrupted');
  assert.is(shares.length, 40);
  shares.length = 0;
  await bench({ size_bytes: MIB, only: /facade|load/, onProgress: (share) => shares.push(share) });
  assert.equal(
    shares,
    [...shares].sort((a, b) => a - b),
  );
  assert.is(shares.at(-1), 1);
});

test('two builds: the same cases of both, and a ratio of each', async () => {
  const against = { version: '0.0.1', commit: null, build: THIS_BUILD };
  const { cases, against: other } = await bench({ size_bytes: MIB, against, only: /zero|save/ });
  assert.equal(
    other?.cases.map(({ name }) => name),
    cases.map(({ name }) => name),
  );
  assert.equal([other?.version, other?.commit], ['0.0.1', null]);
  for (const { name, ratio: middle, low, high, verdict } of other?.ratios ?? []) {
    const numbers = [low, middle, high].map((value) => value ?? Number.NaN);
    assert.ok(
      numbers.every((value) => value > 0 && Number.isFinite(value)),
      name,
    );
    assert.ok(['faster', 'slower', 'same', 'unsure'].includes(verdict), verdict);
  }
  assert.is(other?.ratios.length, cases.length);
});

test('a module that is no pagepipe is refused by its place', () => {
  const { Core: _, ...lacks } = pagepipe;
  for (const module of [undefined, null, 'x', {}, lacks, { ...pagepipe, LAYOUT: { PAGE_SIZE: 4096 } }]) {
    try {
      buildOfModule(module, '--against here');
      assert.unreachable();
    } catch (error) {
      assert.ok(error instanceof PagepipeError && error.code === 'usage-bench-build');
      assert.match(error.message, /^--against here is no pagepipe: give a built checkout/);
    }
  }
});

/** What is broken in a core, and the case that has to notice. */
const BROKEN: Readonly<Record<string, readonly [typeof pagepipe.Core, RegExp]>> = {
  'a zero test that looks at the first byte': [
    class extends Core {
      override countZeroPages(ram: number, pages: number): number {
        const memory = new Uint8Array(this.memory.buffer);
        let count = 0;
        for (let page = 0; page < pages; page++) if (memory[ram + page * 4096] === 0) count++;
        return count;
      }
    },
    /^zero\/1MiB$/,
  ],
  'a comparison that finds no change': [
    class extends Core {
      override diffShadow(): number {
        return 0;
      }
    },
    /^diff\/shadow\/1MiB$/,
  ],
  'a comparison that leaves the shadow as it was': [
    class extends Core {
      override diffShadow(...[ram, shadow, pages, bitmap]: Parameters<pagepipe.Core['diffShadow']>): number {
        return super.diffShadow(ram, shadow, pages, bitmap, false);
      }
    },
    /^diff\/shadow\/1MiB$/,
  ],
  'a comparison that counts the last page, but does not mark it': [
    class extends Core {
      override diffFingerprint(
        ...[ram, prints, pages, bitmap, updates]: Parameters<pagepipe.Core['diffFingerprint']>
      ): number {
        const count = super.diffFingerprint(ram, prints, pages, bitmap, updates);
        this.bitmapClear(bitmap, pages - 1, 1);
        return count;
      }
    },
    /^diff\/fingerprint\/1MiB$/,
  ],
  'a walk that misses a page': [
    class extends Core {
      override bitmapNext(bitmap: number, pages: number, from: number): number {
        const page = super.bitmapNext(bitmap, pages, from);
        return page === 100 ? super.bitmapNext(bitmap, pages, 101) : page;
      }
    },
    /^bitmap-walk\/full/,
  ],
  'an encoder that changes a byte of a page': [
    class extends Core {
      override encode(...[state, blocks, count, out, ...rest]: Parameters<pagepipe.Core['encode']>): number {
        const bytes = super.encode(state, blocks, count, out, ...rest);
        const at = out + Math.min(bytes - 1, 3 * 4104);
        const memory = new Uint8Array(this.memory.buffer);
        memory[at] = (memory[at] ?? 0) ^ 1;
        return bytes;
      }
    },
    /^encode\/normal\/1MiB$/,
  ],
  'an encoder that leaves out the last page': [
    class extends Core {
      override bitmapSet(bitmap: number, first: number, count: number): void {
        super.bitmapSet(bitmap, first, count - 1);
      }
    },
    /^encode\/half\/1MiB$/,
  ],
  'a decoder that stores nothing after the first call': [
    class extends Core {
      override decode(...[, , , , bytes]: Parameters<pagepipe.Core['decode']>): number {
        return bytes;
      }
    },
    /^decode\/zero\/1MiB$/,
  ],
  'an XBZRLE encoder that finds no change': [
    class extends Core {
      override xbzrleEncode(...[, ...rest]: Parameters<pagepipe.Core['xbzrleEncode']>): number | undefined {
        return super.xbzrleEncode(rest[0], ...rest);
      }
    },
    /^xbzrle-encode\/8x8B$/,
  ],
  'an XBZRLE decoder that does nothing': [
    class extends Core {
      override xbzrleDecode(): undefined {
        return undefined;
      }
    },
    /^xbzrle-decode\/1x512B$/,
  ],
};

test('cases of functions that a build lacks are left out', async () => {
  class Older extends Core {}
  const lacks = { value: undefined };
  Object.defineProperties(Older.prototype, {
    countZeroPages: lacks,
    diffShadow: lacks,
    diffFingerprint: lacks,
  });
  const only = /^(zero|diff|bitmap-walk.full)/;
  const { cases, against } = await bench({ size_bytes: MIB, only, against: withCore(Older) });
  const names = (all: readonly { name: string }[] = []): string[] => all.map(({ name }) => name).sort();
  assert.equal(names(cases), [
    'bitmap-walk/full/1MiB',
    'diff/fingerprint/1MiB',
    'diff/shadow/1MiB',
    'zero/1MiB',
  ]);
  assert.equal(names(against?.cases), ['bitmap-walk/full/1MiB']);
});

for (const [what, [broken, only]] of Object.entries(BROKEN)) {
  test(`refused: ${what}`, async () => {
    const message = await refusal({ size_bytes: MIB, only, against: withCore(broken) }, 'bench-wrong');
    assert.match(message, new RegExp(only.source.replace('$', '')));
    assert.match(message, /: the other build answers wrongly \(.*: -?\d+, not -?\d+\): rebuild it$/);
  });
}

test('refused: a cheapest call that answers nonsense, which is measured of this build alone', async () => {
  class Broken extends Core {
    override bitmapNext(): number {
      return 0;
    }
  }
  const [cheapest] = facadeCases();
  const lab = new Lab();
  const side = { build: THIS_BUILD, core: new Broken(lab.arena.memory), layout: pagepipe.LAYOUT };
  assert.throws(
    () => cheapest?.prepare(new Workbench(lab, {}), side),
    /^facade\/bitmap-next: this build answers wrongly \(clean pages: 0, not 256\): rebuild it$/,
  );
  const against = { version: null, commit: null, build: buildOfModule(pagepipe, 'a test') };
  const { cases, against: other } = await bench({ size_bytes: MIB, against, only: /^facade/ });
  assert.equal([cases.length, other?.cases.map(({ name }) => name)], [2, ['facade/encode-by-page']]);
});

test('refused: a load that gives another guest, an inspection that counts wrongly', async () => {
  const library = { ...pagepipe };
  const against = (changed: object): BenchOptions['against'] => ({
    version: null,
    commit: null,
    build: buildOfModule({ ...library, ...changed }, 'a test'),
  });
  const loadStream = (stream: Uint8Array): pagepipe.Loaded => {
    const loaded = pagepipe.loadStream(stream);
    const ram = loaded.guest.ram(loaded.guest.largestBlock());
    ram.fill((ram[4096 * 200 + 9] ?? 0) ^ 1, 4096 * 200 + 9, 4096 * 200 + 10);
    return loaded;
  };
  await refusal({ size_bytes: MIB, only: /^load/, against: against({ loadStream }) }, 'bench-wrong');
  await refusal({ size_bytes: MIB, only: /^save/, against: against({ loadStream }) }, 'bench-wrong');
  const inspectStream = (stream: Uint8Array): pagepipe.InspectDocument => {
    const document = pagepipe.inspectStream(stream);
    return { ...document, pages: { ...document.pages, zero: document.pages.zero + 1 } };
  };
  await refusal({ size_bytes: MIB, only: /^inspect/, against: against({ inspectStream }) }, 'bench-wrong');
});

test.run();
