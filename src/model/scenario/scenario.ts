/** A scenario: a guest, a loop, a policy, a pipe, a disk and CPUs, each with what is assumed of it. */

import * as v from 'valibot';
import { RECORDS } from '../../core/records.ts';
import { fail } from '../../errors.ts';
import { POLICIES, POLICY_NAMES } from '../../policy/table.ts';
import { SCENARIO_SCHEMA } from '../../results/schemas.ts';
import { checkDocument } from './document.ts';
import { holds } from './holds.ts';
import {
  between,
  count,
  counts,
  type Drawn,
  drawAll,
  duration,
  durations,
  isRange,
  rate,
  rates,
  share,
  shares,
  size,
  sizes,
  whole,
} from './quantity.ts';

/** The shortest time slice of a CPU. */
const SLICE_MIN_NS = 10_000;

const about = <T>(text: string) => v.description<T, string>(text);
const flag = v.boolean();
const wholePages = holds(
  (bytes: number) => bytes > 0 && bytes % RECORDS.page_bytes === 0,
  'not whole pages',
  'give a multiple of 4096 bytes, such as 2GiB',
);

const guestSchema = v.strictObject({
  size: v.pipe(size, wholePages, about('RAM of the guest')),
  content: v.pipe(sizes, about('RAM that is not zero')),
  layout: v.pipe(
    v.picklist(['boot', 'runs']),
    about('content in clusters as after a boot, or in the runs of the synthetic workloads'),
  ),
  islands: v.pipe(counts, about('clusters of content between the one at the bottom and the one at the top')),
  touched: v.pipe(shares, about('share of the zero pages that were touched before')),
  running: v.pipe(flag, about('whether the guest runs until it is paused')),
  dirty: v.pipe(v.union([v.literal('none'), rates]), about('whole pages that are written again a second')),
  set: v.pipe(shares, about('share of the content that these writes fall into')),
  growth: v.pipe(v.union([v.literal('none'), rates]), about('zero pages that become content a second')),
  vcpus: v.pipe(whole(0, 1024), about('threads of the guest')),
  vcpu_busy: v.pipe(shares, about('share of the time that each wants a CPU')),
  zero_records: v.pipe(flag, about('false: zero pages are sent whole')),
  faults: v.pipe(flag, about('false: never-touched memory reads as fast as any other')),
  dear_touch: v.pipe(
    v.union([v.literal('off'), durations]),
    about('what the first read in 2 MiB of never-touched memory takes'),
  ),
});

const loopSchema = v.strictObject({
  sync: v.pipe(
    v.picklist(['round', 'iterate']),
    about('dirty sync when little is left, or in every iterate'),
  ),
  walks: v.pipe(counts, about('walks over a byte for each page that go with each sync')),
  sync_cost: v.pipe(flag, about('false: syncs and walks take no time')),
  estimate: v.pipe(
    v.picklist(['period', 'copy']),
    about('bandwidth by the bytes taken in 100 ms, or by copying into the pipe'),
  ),
  restart: v.pipe(
    v.picklist(['at-once', 'notify', 'tick']),
    about('the next iterate begins at once; when there is room, else by the 100 ms timer; by the timer only'),
  ),
  backlog: v.pipe(flag, about('what the pipe does not take is buffered without bound')),
  begin: v.pipe(v.picklist(['head', 'pages']), about('whether begin sends pages too')),
  complete: v.pipe(v.picklist(['turns', 'blocking']), about('complete by turns, or in one call')),
  encode_pages: v.pipe(
    v.union([v.literal('adapted'), count]),
    about('the most pages between two looks at the clock; adapted: as many as take about 100 us'),
  ),
  staging: v.pipe(size, v.minValue(8192), about('buffer between encoder and pipe')),
  downtime: v.pipe(duration, about('downtime limit of a running guest')),
  max_rounds: v.pipe(
    v.union([v.literal('unlimited'), count]),
    about('rounds after which the guest is paused whatever is left'),
  ),
  thread: v.pipe(flag, about('the loop has a thread of its own, and its writes block')),
});

const policySchema = v.pipe(
  v.strictObject({
    name: v.picklist(POLICY_NAMES),
    limit: v.pipe(v.union([v.literal('unlimited'), rate]), about('bytes on the wire a second')),
    slice: v.pipe(v.union([v.literal('off'), duration]), about('the longest iterate')),
    target: v.pipe(duration, v.minValue(1), about('blackout that adaptive stays under, for 99 of 100')),
  }),
  v.forward(
    holds(
      ({ name, limit }) => limit !== 'unlimited' || POLICIES[name].limit !== 'needed',
      'this policy needs a rate',
      'give one, such as 32MiB/s',
    ),
    ['limit'],
  ),
);

const outputSchema = v.strictObject({
  via: v.pipe(v.picklist(['pipe', 'file']), about('a non-blocking pipe with a reader, or a plain file')),
  slots: v.pipe(whole(2, 4096), about('pages that the pipe holds')),
  piece: v.pipe(
    whole(0, 4096),
    about('bytes that wait for room in place of the loop: 4096 in Node, 0 where poll(2) can be asked'),
  ),
  tries: v.pipe(
    duration,
    about('how long the main loop tries the full pipe again, turn by turn, before it waits: 50us in Node'),
  ),
  rewrites: v.pipe(
    flag,
    about(
      'a write of which less was taken is made again until nothing is, as in Node (libuv, uv__fs_write_all)',
    ),
  ),
  reader: v.pipe(v.picklist(['helper', 'discard']), about('writes to the disk, or throws away')),
  block: v.pipe(size, v.minValue(1), about('what the reader reads before it does something with it')),
  rate: v.pipe(
    v.union([v.literal('unlimited'), rate]),
    about('at most so much is read by one that discards'),
  ),
  deep_idle: v.pipe(flag, about('false: the reader is awake at once after a long wait too')),
});

const diskSchema = v.strictObject({
  rate: rates,
  jitter: v.pipe(
    v.number(),
    v.minValue(0),
    v.maxValue(0.9),
    about('the rate of a write varies by so much, both ways'),
  ),
  latency: v.pipe(durations, about('what every write takes besides')),
  seek_share: v.pipe(share, about('share of the writes that need a seek')),
  seek: v.pipe(between, about('shortest and longest seek, drawn a write')),
  stalls: flag,
  stall_share: v.pipe(share, about('share of the writes that stall')),
  stall: v.pipe(between, about('shortest and longest stall, drawn a write')),
  cache: v.pipe(size, about('bytes that a plain file may have in the page cache before its writer waits')),
});

const cpuSchema = v.strictObject({
  count: v.pipe(whole(1, 1024)),
  slice: v.pipe(
    durations,
    // one of 0 would be over before its thread has done anything
    holds(({ low }) => low >= SLICE_MIN_NS, 'its lower end is too short', 'give at least 10us'),
    about('how long a thread runs before one that waits has its turn'),
  ),
  contention: v.pipe(flag, about('false: there is no other load')),
  load: v.pipe(counts, about('threads of other programs')),
  busy: v.pipe(durations, about('mean time of their bursts')),
  free: v.pipe(durations, about('mean time between them')),
  nice: v.pipe(whole(-20, 19), about('priority of the other load')),
});

const scenarioSchema = v.strictObject({
  $schema: v.optional(v.string()),
  schema: v.literal(SCENARIO_SCHEMA),
  name: v.pipe(v.string(), v.nonEmpty(), about('the name of the scenario')),
  about: v.pipe(v.string(), about('what is assumed, in a sentence')),
  costs: v.pipe(v.string(), about('a built-in set of costs, unless another is given')),
  guest: guestSchema,
  loop: loopSchema,
  policy: policySchema,
  output: outputSchema,
  disk: diskSchema,
  cpu: cpuSchema,
});

/** The schema, for the published JSON Schema. */
export { scenarioSchema };

/** A scenario as it stands in a file. */
export type ScenarioDocument = v.InferInput<typeof scenarioSchema>;
/** The same, checked: numbers for texts, and ranges that no seed has drawn from. */
export type Scenario = v.InferOutput<typeof scenarioSchema>;
/** The same for one seed. */
export type DrawnScenario = Drawn<Scenario>;

/**
 * Checks a scenario.
 *
 * @param file what errors call it
 * @throws `usage-document`, with the path in it
 */
export function parseScenario(document: unknown, file: string): Scenario {
  return checkDocument(scenarioSchema, document, file);
}

/** One number for every range; each has a stream of its own, so that changing one never shifts another. */
export function drawScenario(scenario: Scenario, seed: number): DrawnScenario {
  return drawAll(scenario, seed, 'scenario');
}

/** The parameters that had a range, by their paths, as they were drawn. */
export function drawnOnly(scenario: Scenario, drawn: DrawnScenario): Record<string, string | number> {
  return drawnUnder(scenario, drawn, '');
}

function drawnUnder(value: unknown, drawn: unknown, path: string): Record<string, string | number> {
  if (!isObject(value)) return {};
  if (isRange(value)) return value.low === value.high || typeof drawn !== 'number' ? {} : { [path]: drawn };
  if (!isObject(drawn)) return {};
  const parts = Object.keys(value).map((key) =>
    drawnUnder(value[key], drawn[key], path === '' ? key : `${path}.${key}`),
  );
  return Object.assign({}, ...parts);
}

/** A text of `--set` as the value that a document has: a number, true or false, a list, else a text. */
function settingValue(text: string): unknown {
  const [, list] = /^\[(.*)\]$/s.exec(text) ?? [];
  if (list !== undefined)
    return list.trim() === '' ? [] : list.split(',').map((one) => settingValue(one.trim()));
  if (/^-?(\d+(\.\d+)?|\.\d+)(e[-+]?\d+)?$/i.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  // in quotes, as in a document: a text for certain
  return /^"[^"]*"$/.test(text) ? text.slice(1, -1) : text;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function withPath(document: unknown, path: readonly string[], value: unknown, setting: string): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (!isObject(document) || !Object.hasOwn(document, key)) {
    const known = isObject(document) ? Object.keys(document) : [];
    throw fail('usage-set', { setting, key, known });
  }
  return { ...document, [key]: withPath(document[key], rest, value, setting) };
}

/**
 * A document with one value set, as `--set` has it.
 *
 * @param setting a path and a value, such as `policy.slice=20ms`
 * @throws `usage-setting`; `usage-set` for a path that there is none of; the value is checked with the document
 */
export function withSetting(document: unknown, setting: string): unknown {
  const [, path = '', text = ''] = /^([^=]+)=(.*)$/s.exec(setting) ?? [];
  if (path === '') throw fail('usage-setting', { setting });
  return withPath(document, path.split('.'), settingValue(text), setting);
}
