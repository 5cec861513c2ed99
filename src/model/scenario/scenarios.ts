/** The built-in scenarios, named by what they assume. docs/MODEL.md has the grounds of every range. */
import { fail } from '../../errors.ts';
import { SCENARIO_SCHEMA } from '../../results/schemas.ts';
import { parseScenario, type Scenario, type ScenarioDocument } from './scenario.ts';

type Part<Name extends keyof ScenarioDocument> = ScenarioDocument[Name];

/** The loop of QEMU 0.14 to 1.1. */
const loop_2011: Part<'loop'> = {
  sync: 'iterate',
  walks: 2,
  sync_cost: true,
  estimate: 'copy',
  restart: 'notify',
  backlog: true,
  begin: 'pages',
  complete: 'blocking',
  encode_pages: 64,
  staging: '32KiB',
  downtime: '30ms',
  max_rounds: 'unlimited',
  thread: false,
};

/** The loop of today, on the main loop's thread: pagepipe's own. */
const loop_today: Part<'loop'> = {
  ...loop_2011,
  sync: 'round',
  walks: 0,
  estimate: 'period',
  restart: 'at-once',
  backlog: false,
  begin: 'head',
  complete: 'turns',
  encode_pages: 'adapted',
  downtime: '300ms',
};

/** QEMU's migration thread (1.4, without the buffer since 1.5): writes block, so the bandwidth is the disk's. */
const loop_thread: Part<'loop'> = { ...loop_today, complete: 'blocking', downtime: '30ms', thread: true };

const unlimited: Part<'policy'> = { name: 'unlimited', limit: 'unlimited', slice: 'off', target: '10ms' };
const limited: Part<'policy'> = { ...unlimited, name: 'window', limit: '32MiB/s' };
const sliced: Part<'policy'> = { ...unlimited, slice: '50ms' };

const thread_2011: ScenarioDocument = {
  schema: SCENARIO_SCHEMA,
  name: 'thread-2011',
  about:
    'the arrangement of the thread: a guest of 2 GiB after its boot, no limit, a pipe and an O_DIRECT helper, ' +
    'an ordinary loaded host of 2011',
  costs: 'host-2011',
  guest: {
    size: '2292736KiB',
    content: ['60MiB', '200MiB'],
    layout: 'boot',
    islands: [4, 12],
    touched: 0.1,
    running: true,
    dirty: ['409600B/s', '12288000B/s'],
    set: 0.2,
    growth: ['1B/s', '5MiB/s'],
    vcpus: 1,
    vcpu_busy: [0.2, 0.8],
    zero_records: true,
    faults: true,
    dear_touch: 'off',
  },
  loop: loop_2011,
  policy: unlimited,
  output: {
    via: 'pipe',
    slots: 16,
    piece: 0,
    tries: '0us',
    rewrites: false,
    reader: 'helper',
    block: '1MiB',
    rate: 'unlimited',
    deep_idle: true,
  },
  disk: {
    rate: ['60MB/s', '100MB/s'],
    jitter: 0.2,
    latency: '100us',
    seek_share: 0.15,
    seek: ['8ms', '20ms'],
    stalls: true,
    stall_share: 0.01,
    stall: ['100ms', '1s'],
    cache: '400MiB',
  },
  cpu: {
    count: 2,
    slice: ['3ms', '6ms'],
    contention: true,
    load: 2,
    busy: ['20ms', '100ms'],
    free: ['100ms', '400ms'],
    nice: 0,
  },
};

const dear_touch: ScenarioDocument = {
  ...thread_2011,
  name: 'thread-2011-dear-touch',
  about:
    'the same where never-touched memory is dear to read, 2 MiB at a time: the assumption that makes seconds',
  guest: { ...thread_2011.guest, dear_touch: ['1ms', '8ms'] },
};

/** A scenario and the same with each cure. */
function withCures(scenario: ScenarioDocument): ScenarioDocument[] {
  const cured = (name: string, about: string, change: Partial<ScenarioDocument>): ScenarioDocument => ({
    ...scenario,
    ...change,
    name: `${scenario.name}-${name}`,
    about: `${scenario.name} with ${about}`,
  });
  return [
    scenario,
    cured('limit', "QEMU's limit of 2011, 32 MiB/s", { policy: limited }),
    cured('slice', 'the check of QEMU 1.2: an iterate ends after 50 ms', { policy: sliced }),
    cured('thread', 'the migration thread of QEMU 1.4 and 1.5', { loop: loop_thread }),
  ];
}

const nvme_disk: Part<'disk'> = {
  rate: ['2GB/s', '3.5GB/s'],
  jitter: 0.1,
  latency: ['60us', '100us'],
  seek_share: 0,
  seek: ['1us', '1us'],
  stalls: true,
  stall_share: 0.001,
  stall: ['2ms', '20ms'],
  cache: '4GiB',
};

const plain_file: ScenarioDocument = {
  ...thread_2011,
  name: 'plain-file',
  about: "the thread's first arrangement: no limit and a plain file, which never says EAGAIN",
  output: { ...thread_2011.output, via: 'file' },
};

const nvme: ScenarioDocument = {
  ...thread_2011,
  name: 'nvme',
  about: 'a guest of 16 GiB on a host of today with a fast NVMe disk, the loop of today',
  costs: 'host-2026',
  guest: {
    ...thread_2011.guest,
    size: '16GiB',
    content: ['6GiB', '12GiB'],
    islands: [20, 60],
    touched: 0.3,
    dirty: ['20MiB/s', '100MiB/s'],
    set: 0.05,
  },
  loop: loop_today,
  policy: sliced,
  output: { ...thread_2011.output, piece: 4096, tries: '50us', rewrites: true },
  disk: nvme_disk,
  cpu: { ...thread_2011.cpu, count: 8, load: 4 },
};

const busy_guest: ScenarioDocument = {
  ...nvme,
  name: 'busy-guest',
  about:
    'a guest of 4 GiB that writes faster than the disk takes it: it never converges, and is paused after 8 rounds',
  guest: {
    ...nvme.guest,
    size: '4GiB',
    content: ['3GiB', '3.5GiB'],
    dirty: ['1GB/s', '1.5GB/s'],
    set: 0.8,
    vcpus: 4,
    vcpu_busy: 0.9,
  },
  loop: { ...loop_today, max_rounds: 8 },
  disk: { ...nvme_disk, rate: ['400MB/s', '550MB/s'] },
};

const terabyte: ScenarioDocument = {
  ...nvme,
  name: 'terabyte',
  about: 'a guest of 1 TiB, a tenth of it in use, on a host of today with a fast NVMe disk',
  guest: { ...nvme.guest, size: '1TiB', content: ['80GiB', '120GiB'], islands: [200, 400], set: 0.01 },
  loop: { ...loop_today, staging: '256KiB' },
};

const documents: readonly ScenarioDocument[] = [
  ...withCures(thread_2011),
  ...withCures(dear_touch),
  plain_file,
  busy_guest,
  nvme,
  terabyte,
];

/** Names of the built-in scenarios. */
export const SCENARIO_NAMES: readonly string[] = documents.map(({ name }) => name);

/** A built-in scenario as a document, to be changed or printed. @throws `usage-scenario` */
export function scenarioDocument(name: string): ScenarioDocument {
  const found = documents.find((document) => document.name === name);
  if (found === undefined) throw fail('usage-scenario', { name, names: SCENARIO_NAMES });
  return found;
}

/** A built-in scenario. @throws `usage-scenario` */
export function findScenario(name: string): Scenario {
  return parseScenario(scenarioDocument(name), name);
}
