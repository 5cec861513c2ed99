/** Samples out of the documents that commands print, to be compared. */
import { fail, quote } from '../errors.ts';
import type { Plain } from './result.ts';
import { BENCH_SCHEMA, CELL_SCHEMA, RESULT_SCHEMA } from './schemas.ts';

const MS_OF_RESULT = [
  'wall_ms',
  'downtime_ms',
  'phases.iterate.p50_ms',
  'phases.iterate.p99_ms',
  'phases.iterate.max_ms',
  'blackout_ms.p50',
  'blackout_ms.p99',
  'blackout_ms.max',
] as const;

const RESULT_FIGURES = ['guest_bytes_per_s', ...MS_OF_RESULT, 'stream_bytes'] as const;
const BENCH_FIGURES = ['bytes_per_s', 'seconds'] as const;

/** A figure, by its path in the document. */
export type FigureName = (typeof RESULT_FIGURES)[number] | (typeof BENCH_FIGURES)[number];

/** All figures, in the order in which they are shown, and which way is better. */
export const FIGURES: readonly { readonly name: FigureName; readonly better: 'higher' | 'lower' }[] = [
  ...RESULT_FIGURES,
  ...BENCH_FIGURES,
].map((name) => ({ name, better: name.endsWith('bytes_per_s') ? 'higher' : 'lower' }));

/** What was asked for: samples of the same case may be taken together. */
export type Case = Readonly<Record<string, Plain>>;

/** One run. */
export interface Sample {
  readonly kind: 'result' | 'bench';
  readonly case: Case;
  readonly world: 'real' | 'model';
  /** Of a model, what drew its machine; null where none is known. */
  readonly seed: number | null;
  readonly machine: Case;
  readonly figures: Readonly<Partial<Record<FigureName, number>>>;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isPlain = (value: unknown): value is Plain =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value);

/** A value of a document, and where it stands: what errors name. */
class Place {
  readonly value: unknown;
  readonly #file: string;
  readonly #path: string;

  constructor(value: unknown, file: string, path: string) {
    this.value = value;
    this.#file = file;
    this.#path = path;
  }

  /** The value at a path from here; undefined is a value like any other. */
  at(path: string): Place {
    return path.split('.').reduce<Place>((place, key) => place.#child(key), this);
  }

  #child(key: string): Place {
    const { value } = this;
    const inner = isFields(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    const name = /^[\w.-]{1,40}$/.test(key) ? key : quote(key.slice(0, 40));
    return new Place(inner, this.#file, joined(this.#path, name));
  }

  /** The error that something is wrong here. */
  refuse(reason: string, hint: string): Error {
    return fail('usage-document', { file: this.#file, path: this.#path, reason, hint });
  }

  /** The error that something else stands here. */
  #wanted(what: string): Error {
    return this.refuse(this.found, `give ${what}, as it was printed`);
  }

  /** What stands here, in words. */
  get found(): string {
    const { value } = this;
    if (value === undefined) return 'missing';
    if (Array.isArray(value)) return 'is a list';
    if (value !== null && typeof value === 'object') return 'is an object';
    if (typeof value !== 'string') return `is ${value}`;
    return value.length <= 30 ? `is ${quote(value)}` : `is ${quote(`${value.slice(0, 30)}…`)}`;
  }

  /** A finite number from 0 up. */
  number(): number {
    const { value } = this;
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
    throw this.#wanted('a number from 0 up');
  }

  text(): string {
    if (typeof this.value === 'string') return this.value;
    throw this.#wanted('a text');
  }

  list(): Place[] {
    const { value } = this;
    if (!Array.isArray(value)) throw this.#wanted('a list');
    return value.map((inner, i) => new Place(inner, this.#file, joined(this.#path, String(i))));
  }

  /** An object of texts, numbers, true, false and null. */
  plain(): Record<string, Plain> {
    const { value } = this;
    if (!isFields(value)) throw this.#wanted('an object');
    const all: [string, Plain][] = [];
    for (const [key, inner] of Object.entries(value)) {
      if (!isPlain(inner)) throw this.#child(key).#wanted('a text, a number, true, false or null');
      all.push([key, inner]);
    }
    return Object.fromEntries(all);
  }
}

function joined(outer: string, inner: string): string {
  if (outer === '') return inner;
  return outer.startsWith('line ') && !outer.includes(':') ? `${outer}: ${inner}` : `${outer}.${inner}`;
}

/** What does not make another case: a seed makes a sample, and where it was written does not matter. */
const NO_CASE = ['seed', 'output'];

function caseOf(options: Record<string, Plain>): Record<string, Plain> {
  return Object.fromEntries(Object.entries(options).filter(([key]) => !NO_CASE.includes(key)));
}

function resultSample(place: Place, cell: Place | undefined): Sample {
  const world = place.at('world').text();
  if (world !== 'real' && world !== 'model') {
    throw place
      .at('world')
      .refuse('has no throughput', 'give what save, simulate or demo printed with --json');
  }
  const all_options = place.at('options').plain();
  const options = caseOf(all_options);
  // a guest that is read from a file has the size of the file, and demo has it beside its options
  const sized =
    typeof options.size_bytes === 'number'
      ? options
      : { ...options, guest_bytes: place.at('guest_bytes').number() };
  const figures: Partial<Record<FigureName, number>> = {};
  for (const name of RESULT_FIGURES) figures[name] = place.at(name).number();
  return {
    kind: 'result',
    case: cell === undefined ? sized : caseOf(cell.plain()),
    world,
    seed: typeof all_options.seed === 'number' ? all_options.seed : null,
    machine: place.at('machine').plain(),
    figures,
  };
}

function benchSamples(place: Place): Sample[] {
  const machine = place.at('machine').plain();
  return place
    .at('cases')
    .list()
    .flatMap((one) => {
      const name = one.at('name').text();
      const bytes = one.at('bytes').number();
      return one
        .at('samples')
        .list()
        .map((sample): Sample => {
          const seconds = sample.number();
          if (seconds === 0) throw sample.refuse('is 0 seconds, which is no time', 'measure it again');
          const figures = { bytes_per_s: bytes / seconds, seconds };
          return { kind: 'bench', case: { name }, world: 'real', seed: null, machine, figures };
        });
    });
}

function samplesIn(place: Place): Sample[] {
  if (Array.isArray(place.value)) return place.list().flatMap(samplesIn);
  const schema = place.at('schema').value;
  if (schema === RESULT_SCHEMA) return [resultSample(place, undefined)];
  if (schema === CELL_SCHEMA) return [resultSample(resultIn(place), place.at('cell'))];
  if (schema === BENCH_SCHEMA) return benchSamples(place);
  throw place
    .at('schema')
    .refuse(
      place.at('schema').found,
      'give what save, simulate, demo or bench --json printed, or sweep wrote',
    );
}

function resultIn(cell: Place): Place {
  const result = cell.at('result');
  const schema = result.at('schema');
  if (schema.value !== RESULT_SCHEMA) throw schema.refuse(schema.found, `give ${RESULT_SCHEMA}`);
  return result;
}

/** A document of a file, and the line it begins at where there are several. */
interface Document {
  readonly value: unknown;
  readonly path: string;
}

function parseOne(text: string, file: string, path: string): Document {
  try {
    return { value: JSON.parse(text), path };
  } catch (cause) {
    throw fail(
      'usage-document',
      { file, path, reason: 'is no JSON', hint: 'mend it, or leave it out' },
      cause,
    );
  }
}

/**
 * The documents of a text: one; or one a line, as a sweep writes them; or several as `--json` prints them, one
 * behind the other. What begins a line without an indent begins a document.
 */
function documentsIn(text: string, file: string): Document[] {
  const starts = Array.from(text.matchAll(/^[{[]/gm), ({ index }) => index);
  if (starts.length <= 1) return [parseOne(text, file, '')];
  try {
    return [{ value: JSON.parse(text), path: '' }];
  } catch {
    // several documents: no JSON as a whole
  }
  let line = 1;
  return starts.map((start, i) => {
    line += text.slice(starts[i - 1] ?? 0, start).split('\n').length - 1;
    return parseOne(text.slice(i === 0 ? 0 : start, starts[i + 1]), file, `line ${line}`);
  });
}

/**
 * The samples of a text: of result documents, arrays of them, cells of a sweep, benches, one or several.
 *
 * @param file what errors call it
 * @throws `usage-document`, with the line and the path in it
 * @example parseSamples(await readText('base.json'), 'base.json').length;
 */
export function parseSamples(text: string, file: string): Sample[] {
  if (text.trim() === '') {
    throw fail('usage-document', { file, path: '', reason: 'is empty', hint: 'give what --json printed' });
  }
  const samples = documentsIn(text, file).flatMap(({ value, path }) =>
    samplesIn(new Place(value, file, path)),
  );
  if (samples.length === 0) {
    throw fail('usage-document', {
      file,
      path: '',
      reason: 'holds no sample',
      hint: 'give what --json printed',
    });
  }
  return samples;
}
