/** `--json`: exactly one document, with the keys of the contract, and figures that agree with each other. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { InspectDocument } from '../../src/results/inspect.ts';
import type { ResultDocument } from '../../src/results/result.ts';
import type { PhaseSummary } from '../../src/results/summary.ts';
import type { Bucket } from '../../src/stats/histogram.ts';
import { roundMs } from '../../src/units.ts';
import { inPlace } from '../support/cli.ts';

const SIZE_BYTES = 16 * 2 ** 20;
const PAGES = SIZE_BYTES / 4096;
const GUEST = ['save', '--workload', 'idle', '--size', '16MiB'] as const;
/** Times are rounded to the microsecond, each for itself. */
const ROUNDING_MS = 0.002;

/** A value with each leaf replaced by the name of its type; a list by what its elements are. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return [...new Set(value.map((one) => JSON.stringify(shapeOf(one))))].map(parse);
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]));
}

function parse(text: string): unknown {
  return JSON.parse(text);
}

const n = 'number';
const PHASE = { count: n, sum_ms: n, avg_ms: n, min_ms: n, max_ms: n, p50_ms: n, p99_ms: n };
const BUCKETS = [{ ge: n, count: n }];
const PHASES = {
  begin: PHASE,
  iterate: PHASE,
  complete: PHASE,
  all: { ...PHASE, log2_ms: BUCKETS, log2_us: BUCKETS },
};

const RESULT = {
  schema: 'string',
  command: 'string',
  world: 'string',
  wall_ms: n,
  load_ms: n,
  sync_ms: n,
  downtime_ms: n,
  converged: 'boolean',
  guest_bytes: n,
  stream_bytes: n,
  guest_bytes_per_s: n,
  ram: {
    total: n,
    transferred: n,
    duplicate: n,
    normal: n,
    'normal-bytes': n,
    remaining: n,
    'dirty-sync-count': n,
    'page-size': n,
    mbps: n,
  },
  phases: PHASES,
  blackout_ms: { p50: n, p99: n, max: n },
  eagain: n,
  short_writes: n,
  longest_write_ms: n,
  disk: { direct: 'boolean', writes: n, sum_ms: n, max_ms: n, log2_us: BUCKETS },
  options: {
    ram: 'null',
    workload: 'string',
    size_bytes: n,
    output: 'string',
    via: 'string',
    direct: 'boolean',
    policy: 'string',
    limit_bytes_per_s: n,
    slice_ms: n,
    target_ms: 'null',
    complete: 'string',
    max_rounds: n,
    seed: n,
    format: 'string',
    xbzrle: 'boolean',
    thread: 'boolean',
    channels: n,
  },
  machine: {
    node: 'string',
    platform: 'string',
    release: 'string',
    arch: 'string',
    cpus: n,
    cpu: 'string',
    memory_bytes: n,
  },
};

function assertNear(found: number, wanted: number, slack: number, what: string): void {
  assert.ok(Math.abs(found - wanted) <= slack, `${what}: ${found}, not ${wanted}`);
}

const sumOf = (buckets: readonly Bucket[]): number => buckets.reduce((sum, { count }) => sum + count, 0);

function assertOrdered({ count, sum_ms, avg_ms, min_ms, max_ms, p50_ms, p99_ms }: PhaseSummary): void {
  const ascending = [0, min_ms, p50_ms, p99_ms, max_ms];
  assert.equal(
    ascending,
    [...ascending].sort((a, b) => a - b),
  );
  assertNear(sum_ms, avg_ms * count, ROUNDING_MS * (count + 1), 'sum of a phase');
}

/** The figures of the phases agree with each other. */
function assertPhases({ begin, iterate, complete, all }: ResultDocument['phases']): void {
  for (const phase of [begin, iterate, complete, all]) assertOrdered(phase);
  assert.is(all.count, begin.count + iterate.count + complete.count);
  assertNear(all.sum_ms, begin.sum_ms + iterate.sum_ms + complete.sum_ms, 2 * ROUNDING_MS, 'sum of all');
  assert.is(all.max_ms, Math.max(begin.max_ms, iterate.max_ms, complete.max_ms));
  assert.is(sumOf(all.log2_ms), all.count, 'every span in the histogram of milliseconds');
  assert.is(sumOf(all.log2_us), all.count, 'every span in the histogram of microseconds');
}

/** No times and rates finer than anybody measures. */
function assertRounded(value: unknown): void {
  if (typeof value === 'number') assert.is(value, roundMs(value));
  else if (typeof value === 'object' && value !== null) Object.values(value).forEach(assertRounded);
}

/** The figures of a save agree with each other and with the guest. */
function assertResult(result: ResultDocument): void {
  const { ram, phases } = result;
  assertRounded(result);
  assert.is(result.schema, 'pagepipe/result/1');
  assert.is(result.world, 'real');
  assert.is(result.guest_bytes, SIZE_BYTES);
  assertNear(
    result.guest_bytes_per_s,
    (SIZE_BYTES * 1000) / result.wall_ms,
    result.guest_bytes_per_s / 100,
    'rate',
  );
  assert.is(ram.total, SIZE_BYTES);
  assert.is(ram.remaining, 0);
  assert.is(ram['page-size'], 4096);
  assert.is(ram['normal-bytes'], ram.normal * 4096);
  assert.ok(ram.transferred >= ram['normal-bytes'] + ram.duplicate * 9);
  assert.ok(result.stream_bytes > ram.transferred, 'heads of sections come on top');
  assert.is(phases.begin.count, 1);
  assert.ok(phases.iterate.count >= 1 && phases.complete.count >= 1);
  assertPhases(phases);
  assert.ok(phases.all.sum_ms <= result.wall_ms + ROUNDING_MS, 'the calls fit into the wall time');
  const { p50, p99, max } = result.blackout_ms;
  assert.ok(0 <= p50 && p50 <= p99 && p99 <= max);
}

test('save --json through the helper has all keys of the contract, and what agrees', () =>
  inPlace(async (place) => {
    const options = ['--direct', '--limit', '64MiB/s', '--slice', '5ms', '--max-rounds', '3'];
    const text = await place.done([...GUEST, '-o', 'out.mig', ...options, '--json']);
    assert.equal(shapeOf(JSON.parse(text)), RESULT);
    const result: ResultDocument = JSON.parse(text);
    assertResult(result);
    assert.is(result.command, 'save');
    assert.is(result.stream_bytes, place.read('out.mig').length);
    assert.is(result.ram.normal + result.ram.duplicate, PAGES);
    assert.is(result.disk && sumOf(result.disk.log2_us), result.disk?.writes);
    const { limit_bytes_per_s, slice_ms, policy, via, direct, max_rounds, output } = result.options;
    const wanted = [64 * 2 ** 20, 5, 'window', 'pipe', true, 3, 'out.mig'];
    assert.equal([limit_bytes_per_s, slice_ms, policy, via, direct, max_rounds, output], wanted);
  }));

test('save --thread --json has the same keys, and the trace is of the same spans', () =>
  inPlace(async (place) => {
    const options = [
      '--direct',
      '--limit',
      '64MiB/s',
      '--slice',
      '5ms',
      '--max-rounds',
      '3',
      '--trace',
      'log',
    ];
    const text = await place.done([...GUEST, '-o', 'out.mig', '--thread', ...options, '--json']);
    assert.equal(shapeOf(JSON.parse(text)), RESULT);
    const result: ResultDocument = JSON.parse(text);
    assertResult(result);
    assert.is(result.options.thread, true);
    assert.is(result.stream_bytes, place.read('out.mig').length);
    const trace: ResultDocument = JSON.parse(await place.done(['trace', 'log', '--json']));
    assert.is(trace.phases.iterate.count, result.phases.iterate.count);
  }));

test('save --json to a plain file has the same keys, but none of a disk end', () =>
  inPlace(async (place) => {
    const text = await place.done([...GUEST, '-o', 'out.mig', '--via', 'file', '--slice', 'off', '--json']);
    const { disk: _, ...wanted } = RESULT;
    const none = { limit_bytes_per_s: 'null', slice_ms: 'null', max_rounds: 'null' };
    assert.equal(shapeOf(JSON.parse(text)), { ...wanted, options: { ...wanted.options, ...none } });
    const result: ResultDocument = JSON.parse(text);
    assertResult(result);
    assert.is(result.eagain, 0, 'a plain file never says EAGAIN');
    assert.is(result.phases.iterate.count, 1, 'and nothing else ends the iterate');
  }));

test('save --json of a guest that writes counts its pages each time they are sent', () =>
  inPlace(async (place) => {
    const busy = ['save', '--workload', 'steady,dirty=100MiB/s', '--size', '16MiB', '--limit', '64MiB/s'];
    const args = [...busy, '--downtime', '1us', '--max-rounds', '3', '-o', 'out.mig', '--json'];
    const result: ResultDocument = JSON.parse(await place.done(args));
    assertResult(result);
    assert.ok(result.ram.normal + result.ram.duplicate > PAGES);
    assert.is(result.ram['dirty-sync-count'], 5);
    const found: InspectDocument = JSON.parse(await place.done(['inspect', 'out.mig', '--json']));
    assert.is(found.pages.normal, result.ram.normal);
    assert.is(found.pages.zero, result.ram.duplicate);
  }));

test('inspect --json has all keys of the contract, and what agrees', () =>
  inPlace(async (place) => {
    await place.done([...GUEST, '-o', 'in.mig', '--machine', 'pc-q35-7.2']);
    const text = await place.done(['inspect', 'in.mig', '--json']);
    const pages = { normal: n, fill: n, zero: n, xbzrle: n };
    assert.equal(shapeOf(JSON.parse(text)), {
      schema: 'string',
      format: 'string',
      version: n,
      machine: 'string',
      page_size: n,
      sections: [{ id: n, type: 'string', name: 'string', instance: n, version: n, offset: n, bytes: n }],
      blocks: [{ name: 'string', used_bytes: n, pages: { ...pages }, missing_pages: n }],
      looks_like_multifd: 'boolean',
      pages,
      rounds: n,
      stream_bytes: n,
      capabilities: [],
      advice: {
        resent_pages: n,
        zero_saved_bytes: n,
        xbzrle_saved_bytes: n,
        mapped_ram_bytes: n,
        gzip_bytes: n,
      },
    });
    assertInspected(JSON.parse(text), place.read('in.mig').length);
  }));

function assertInspected(found: InspectDocument, stream_bytes: number): void {
  assert.is(found.schema, 'pagepipe/inspect/1');
  assert.is(found.format, 'qemu-stream');
  assert.is(found.version, 3);
  assert.is(found.machine, 'pc-q35-7.2');
  assert.is(found.page_size, 4096);
  assert.is(found.stream_bytes, stream_bytes);
  assert.is(found.rounds, 1);
  assert.is(found.pages.normal + found.pages.zero, PAGES);
  assert.is(found.pages.fill + found.pages.xbzrle, 0);
  const block = { name: 'ram', used_bytes: SIZE_BYTES, pages: found.pages, missing_pages: 0 };
  assert.equal(found.blocks, [block]);
  assert.is(found.looks_like_multifd, false);
  // the sections follow each other without a gap
  for (const [i, section] of found.sections.entries()) {
    const before = found.sections[i - 1];
    if (before !== undefined) assert.is(section.offset, before.offset + before.bytes, `section ${i}`);
  }
  assert.is(found.sections[0]?.type, 'start');
  assert.is(found.sections.at(-1)?.type, 'end');
}

test('load --json says what was written', () =>
  inPlace(async (place) => {
    await place.done([...GUEST, '-o', 'in.mig']);
    const loaded: Record<string, unknown> = JSON.parse(
      await place.done(['load', 'in.mig', '-o', 'ram', '--json']),
    );
    const { wall_ms, ...rest } = loaded;
    assert.is(wall_ms, roundMs(Number(wall_ms)));
    assert.equal(rest, {
      schema: 'pagepipe/load/1',
      machine: 'none',
      block: 'ram',
      blocks: [{ name: 'ram', used_bytes: SIZE_BYTES, missing_pages: 0 }],
      rounds: 1,
      stream_bytes: place.read('in.mig').length,
      sections_by_search: [],
      written_bytes: place.read('ram').length,
    });
  }));

test.run();
