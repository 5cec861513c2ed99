import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RAM_SECTION_ID } from '../../src/format/constants.ts';
import { beginElements, deviceLessTail, endHead, partHead, sectionClose } from '../../src/format/writer.ts';
import {
  type CostName,
  type CostSet,
  findCosts,
  parseScenario,
  runModel,
  SCENARIO_NAMES,
  type Scenario,
  type Simulated,
  scenarioDocument,
  simulate,
  withSetting,
} from '../../src/model/index.ts';

const MIB = 2 ** 20;
const PAGE_BYTES = 4096;
const SIZE_BYTES = 64 * MIB;
const CONTENT_BYTES = 16 * MIB;
const PAGES = SIZE_BYTES / PAGE_BYTES;
const MS = 1_000_000;
const HOST = findCosts('host-2011');
const SMALL = ['guest.size=64MiB', 'guest.content=16MiB'];

function scenarioOf(name: string, ...settings: readonly string[]): Scenario {
  const document = [...SMALL, ...settings].reduce<unknown>(withSetting, scenarioDocument(name));
  return parseScenario(document, name);
}

const run = (name: string, ...settings: string[]): Simulated =>
  simulate(scenarioOf(name, ...settings), HOST, 1);

/** The host of 2011 with some costs of one's choice. */
function hostWith(some: Partial<Record<CostName, number>>): CostSet {
  const costs = { ...HOST.costs };
  for (const [name, value] of Object.entries(some))
    Object.assign(costs, { [name]: { value, ground: 'chosen' } });
  return { ...HOST, costs };
}

const statsOf = (simulated: Simulated) =>
  simulated.counters.stats(simulated.remaining_pages, simulated.wall_ns);

/** How long the elements around records are, from the writer. */
function elementBytes(size_bytes: number) {
  const blocks = [{ name: 'ram', bytes: size_bytes }];
  const close = sectionClose(RAM_SECTION_ID).length;
  return {
    begin: beginElements({ machine: 'none', ram_section_id: RAM_SECTION_ID, blocks }).length,
    part: partHead(RAM_SECTION_ID).length + close,
    end: endHead(RAM_SECTION_ID).length + close,
    tail: deviceLessTail(PAGE_BYTES).length,
  };
}

/** What holds of every save that is over. */
function assertWhole(name: string, simulated: Simulated): void {
  const { stream_bytes, spans, wall_ns, downtime_ns, close_ns, sync_ns, disk_times_ns } = simulated;
  const { normal, duplicate, transferred } = statsOf(simulated);
  // 4 for the block's name, in the first record
  assert.is(transferred, normal * 4104 + duplicate * 9 + 4, name);
  const element = elementBytes(SIZE_BYTES);
  const parts = (stream_bytes - transferred - element.begin - element.end - element.tail) / element.part;
  const calls = spans.list.filter(({ phase }) => phase !== 'complete').length;
  assert.ok(
    Number.isInteger(parts) && parts >= 0 && parts <= calls,
    `${name}: ${parts} sections in ${calls}`,
  );
  assert.ok(normal + duplicate >= PAGES, name);
  assert.is(simulated.remaining_pages, 0, name);
  assert.is(simulated.guest_bytes, SIZE_BYTES);
  const last = spans.list.at(-1);
  assert.equal([spans.list[0]?.phase, last?.phase], ['begin', 'complete']);
  assert.is(wall_ns, last?.end_ns, name);
  assert.is(downtime_ns, (last?.end_ns ?? 0) - (last?.start_ns ?? 0), name);
  assert.is(spans.list.filter(({ phase }) => phase === 'complete').length, 1);
  for (const [i, span] of spans.list.entries()) {
    assert.ok(span.start_ns >= (spans.list[i - 1]?.end_ns ?? 0) && span.end_ns >= span.start_ns, name);
  }
  assert.ok(close_ns >= 0 && sync_ns >= 0);
  // a request every 10 ms from the begin until all is final, and each was answered
  const end_ns = wall_ns + close_ns + sync_ns;
  assert.is(simulated.blackout.count, Math.floor(end_ns / (10 * MS)), name);
  assert.is(disk_times_ns.length, Math.ceil(stream_bytes / MIB), name);
}

for (const name of SCENARIO_NAMES) {
  test(`${name}: nothing is lost over a whole run`, () => assertWhole(name, run(name)));

  test(`${name}: a guest that stands still is sent once, page by page`, () => {
    const simulated = run(name, 'guest.running=false');
    assertWhole(name, simulated);
    const { normal, duplicate } = statsOf(simulated);
    assert.equal([normal, duplicate], [CONTENT_BYTES / PAGE_BYTES, PAGES - CONTENT_BYTES / PAGE_BYTES]);
  });

  test(`${name}: the same seed gives the same document, another seed another`, () => {
    const scenario = scenarioOf(name);
    const [first, again, other] = [1, 1, 2].map((seed) =>
      JSON.stringify(runModel({ scenario, costs: HOST, seed })),
    );
    assert.is(first, again);
    assert.is.not(first, other);
  });
}

/** Switches, and the path that each changes. */
const SWITCHES = [
  'guest.zero_records=false',
  'guest.faults=false',
  'guest.dear_touch=off',
  'guest.dirty=none',
  'guest.growth=none',
  'guest.running=false',
  'loop.sync_cost=false',
  'loop.backlog=false',
  'loop.complete=turns',
  'loop.thread=true',
  'output.deep_idle=false',
  'output.via=file',
  'disk.stalls=false',
  'cpu.contention=false',
  'policy.slice=50ms',
];

/** All numbers of a document by their paths. */
function flat(value: unknown, path = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => flat(inner, path === '' ? key : `${path}.${key}`));
}

test('switching one mechanism changes no other number that is drawn', () => {
  for (const name of ['thread-2011-dear-touch', 'nvme']) {
    const before = run(name);
    for (const setting of SWITCHES) {
      const after = run(name, setting);
      const changed = setting.slice(0, setting.indexOf('='));
      const others = ({ scenario }: Simulated) => flat(scenario).filter(([path]) => path !== changed);
      assert.equal(others(after), others(before), setting);
      assert.equal(after.costs, before.costs, setting);
    }
  }
});

test('switching stalls off leaves every other write to the disk as it was', () => {
  const settings = ['output.reader=helper', 'guest.running=false', 'disk.stall_share=0.3'];
  const [on, off] = [run('thread-2011', ...settings), run('thread-2011', ...settings, 'disk.stalls=false')];
  assert.is(off.disk_times_ns.length, on.disk_times_ns.length);
  let stalls = 0;
  for (const [i, time_ns] of on.disk_times_ns.entries()) {
    if (time_ns >= 100 * MS) stalls++;
    else assert.is(off.disk_times_ns[i], time_ns, `write ${i}`);
  }
  assert.ok(stalls > 1);
  assert.ok(off.disk_times_ns.every((time_ns) => time_ns < 100 * MS));
});

const spansNs = ({ spans }: Simulated): number =>
  spans.list.reduce((sum, { start_ns, end_ns }) => sum + end_ns - start_ns, 0);

/** The same save with a mechanism on and off, under costs that make it large. */
function onAndOff(off: string, costs: Partial<Record<CostName, number>>, ...settings: string[]) {
  const host = hostWith(costs);
  const calm = ['guest.running=false', 'cpu.contention=false', 'disk.stalls=false', ...settings];
  return [[], [off]].map((more) => simulate(scenarioOf('thread-2011', ...calm, ...more), host, 1));
}

test('guest.zero_records=false: every page goes whole', () => {
  const { normal, duplicate } = statsOf(
    run('thread-2011', 'guest.zero_records=false', 'guest.running=false'),
  );
  assert.equal([normal, duplicate], [PAGES, 0]);
});

test('guest.faults=false: never-touched memory costs no fault', () => {
  const [on, off] = onAndOff('guest.faults=false', { fault_ns: MS });
  const untouched = 0.9 * (PAGES - CONTENT_BYTES / PAGE_BYTES);
  const more_ns = (on ? spansNs(on) : 0) - (off ? spansNs(off) : 0);
  assert.ok(more_ns > 0.98 * untouched * MS && more_ns < 1.05 * untouched * MS, `${more_ns}`);
});

test('guest.dear_touch: as many as there are 2 MiB of never-touched memory; off: none', () => {
  const [on, off] = onAndOff('guest.dear_touch=off', { fault_ns: 0 }, 'guest.dear_touch=100ms');
  const more_ns = (on ? spansNs(on) : 0) - (off ? spansNs(off) : 0);
  // 48 MiB of zeros between clusters of content
  assert.ok(more_ns > 21 * 100 * MS && more_ns < 32 * 100 * MS, `${more_ns}`);
});

test('loop.sync_cost=false: an iterate that finds nothing to send takes nothing', () => {
  const [on, off] = onAndOff('loop.sync_cost=false', { sync_call_ns: 40 * MS });
  const shortest = (simulated: Simulated | undefined): number =>
    Math.min(...(simulated?.spans.list ?? []).map(({ start_ns, end_ns }) => end_ns - start_ns));
  assert.ok(shortest(on) >= 40 * MS);
  assert.ok(shortest(off) < MS);
});

test('loop.backlog=false: nothing is buffered', () => {
  assert.ok(run('thread-2011').backlog_bytes > 0);
  assert.is(run('thread-2011', 'loop.backlog=false').backlog_bytes, 0);
});

test('output.via=file: no EAGAIN, no short write, and the page cache writes it back', () => {
  const { eagain, short_writes } = run('thread-2011', 'output.via=file');
  assert.equal([eagain, short_writes], [0, 0]);
  assert.ok(run('thread-2011').eagain > 0);
});

test('loop.thread=true: writes block', () => {
  const { eagain, short_writes } = run('thread-2011-thread');
  assert.equal([eagain, short_writes], [0, 0]);
});

test('output.deep_idle=false: a helper that has waited long is awake as soon as one that has not', () => {
  const costs = { wake_ns: 1_000, wake_idle_ns: 5 * MS, idle_after_ns: 1 };
  const [on, off] = onAndOff('output.deep_idle=false', costs);
  assert.ok((on?.wall_ns ?? 0) > 1.2 * (off?.wall_ns ?? 0));
});

test('cpu.contention=false: other load takes no CPU', () => {
  const loaded = ['cpu.count=1', 'cpu.load=6', 'cpu.free=1us', 'cpu.busy=50ms'];
  const [on, off] = [[], ['cpu.contention=false']].map((more) =>
    run('thread-2011', 'guest.running=false', ...loaded, ...more),
  );
  assert.ok((on?.wall_ns ?? 0) > 1.5 * (off?.wall_ns ?? 0));
  const [alone, free] = [['cpu.contention=false'], ['cpu.load=0']].map((more) =>
    run('thread-2011', 'guest.running=false', ...loaded, ...more),
  );
  assert.is(alone?.wall_ns, free?.wall_ns, 'as if there were none');
});

test("the guest's own threads take no CPU once it is paused", () => {
  const writes = [
    'guest.dirty=2GB/s',
    'guest.set=1',
    'guest.growth=none',
    'loop.max_rounds=1',
    'loop.downtime=1ms',
  ];
  const busy = ['guest.vcpus=8', 'guest.vcpu_busy=1', 'cpu.count=1', 'cpu.contention=false'];
  const simulated = simulate(
    scenarioOf('busy-guest', ...writes, ...busy),
    hostWith({ normal_page_ns: MS }),
    1,
  );
  // all 4,096 pages of content once more, of which each took nine times as long in the round before
  const { downtime_ns, wall_ns } = simulated;
  assert.ok(downtime_ns > 4_000 * MS && downtime_ns < 5_000 * MS, `${downtime_ns}`);
  assert.ok(wall_ns > 5 * downtime_ns);
});

test('guest.dirty and guest.growth: none written, none sent again', () => {
  const still = statsOf(run('thread-2011', 'guest.dirty=none', 'guest.growth=none'));
  assert.is(still.normal + still.duplicate, PAGES);
  const grown = statsOf(run('thread-2011', 'guest.dirty=none', 'guest.growth=20MiB/s'));
  assert.ok(grown.normal > CONTENT_BYTES / PAGE_BYTES);
  const dirtied = statsOf(run('thread-2011', 'guest.dirty=20MiB/s', 'guest.growth=none'));
  assert.ok(dirtied.normal + dirtied.duplicate > PAGES);
});

test('policy.slice: no iterate is much longer', () => {
  const longest = (simulated: Simulated): number =>
    Math.max(...simulated.spans.list.map(({ start_ns, end_ns }) => end_ns - start_ns));
  const calm = ['guest.running=false', 'cpu.contention=false', 'guest.islands=0', 'guest.touched=1'];
  const spans = (slice: string) => run('nvme', ...calm, `policy.slice=${slice}`);
  assert.ok(longest(spans('off')) > 8 * MS);
  assert.ok(longest(spans('1ms')) < 5 * MS);
});

test('max_rounds: a guest that writes faster than it is sent is paused all the same, and said not to converge', () => {
  const writes = ['guest.dirty=2GB/s', 'guest.set=1', 'loop.max_rounds=2', 'loop.downtime=1ms'];
  const simulated = run('busy-guest', ...writes);
  assertWhole('busy-guest', simulated);
  assert.is(simulated.converged, false);
  assert.is(run('busy-guest', 'guest.running=false').converged, true);
});

test.run();
