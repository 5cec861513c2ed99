/** Synthetic guests by name and parameters: what they hold, and what they do while they are saved. */
import { fail } from '../../errors.ts';
import { formatBytes, formatRate, parseRate, parseShare, parseSize } from '../../units.ts';

export type WorkloadName = 'idle' | 'steady' | 'hot';

/** A synthetic guest, described. */
export interface WorkloadSpec {
  readonly name: WorkloadName;
  /** Share of zero pages, 0 to 1; they stand in runs. */
  readonly zero_share: number;
  /** Bytes of whole pages (4096 each) that are written a second, also where only words change. */
  readonly dirty_bytes_per_s: number;
  /** The working set that the writes fall into. */
  readonly set_bytes: number;
  /** Whole pages are rewritten, or a few bytes in each. */
  readonly change: 'page' | 'word';
}

const MIB = 2 ** 20;
const ZERO_SHARE = 0.6;

const DEFAULTS: Readonly<Record<WorkloadName, { about: string; spec: Omit<WorkloadSpec, 'name'> }>> = {
  idle: {
    about: 'nothing changes',
    spec: { zero_share: ZERO_SHARE, dirty_bytes_per_s: 0, set_bytes: 0, change: 'page' },
  },
  steady: {
    about: 'pages of a working set are rewritten at a rate',
    spec: { zero_share: ZERO_SHARE, dirty_bytes_per_s: 50 * MIB, set_bytes: 64 * MIB, change: 'page' },
  },
  hot: {
    about: 'a small set is rewritten all the time',
    spec: { zero_share: ZERO_SHARE, dirty_bytes_per_s: 200 * MIB, set_bytes: 4 * MIB, change: 'page' },
  },
};

const NAMES: readonly WorkloadName[] = ['idle', 'steady', 'hot'];

/** One reader for each parameter. */
const PARAMETERS: Readonly<Record<string, (value: string) => Partial<WorkloadSpec>>> = {
  zero: (value) => ({ zero_share: parseShare(value) }),
  dirty: (value) => ({ dirty_bytes_per_s: parseRate(value) }),
  set: (value) => ({ set_bytes: parseSize(value) }),
  change: (value) => {
    if (value === 'page' || value === 'word') return { change: value };
    throw fail('usage-workload-value', { text: `change=${value}`, reason: 'give page or word' });
  },
};

/**
 * Reads a workload: its name, then `key=value` with `zero`, `dirty`, `set`, `change`, by commas.
 *
 * @throws `usage-workload`, `usage-workload-key`, `usage-workload-value`, and those of the units
 * @example parseWorkload('steady,zero=60%,dirty=50MiB/s,set=64MiB,change=word')
 */
export function parseWorkload(text: string): WorkloadSpec {
  const [given, ...parameters] = text.split(',');
  const name = NAMES.find((candidate) => candidate === given);
  if (name === undefined) throw fail('usage-workload', { name: given ?? '', names: NAMES });
  let spec: WorkloadSpec = { name, ...DEFAULTS[name].spec };
  const seen = new Set<string>();
  for (const parameter of parameters) {
    const [, key = '', value = ''] = /^([^=]*)=(.*)$/.exec(parameter) ?? [];
    const read = Object.hasOwn(PARAMETERS, key) ? PARAMETERS[key] : undefined;
    if (read === undefined || seen.has(key)) {
      throw fail('usage-workload-key', { text: parameter, keys: Object.keys(PARAMETERS) });
    }
    if (name === 'idle' && key !== 'zero') {
      throw fail('usage-workload-value', {
        text: parameter,
        reason: 'an idle guest writes nothing, take steady',
      });
    }
    seen.add(key);
    spec = { ...spec, ...read(value) };
  }
  if (name !== 'idle' && spec.set_bytes < 4096) {
    throw fail('usage-workload-value', {
      text: `set=${spec.set_bytes}`,
      reason: 'give at least one page, 4096',
    });
  }
  return spec;
}

/** The workloads for a help text: a line each. */
export function describeWorkloads(): string[] {
  return NAMES.map((name) => {
    const { about, spec } = DEFAULTS[name];
    const writes =
      name === 'idle'
        ? ''
        : `, dirty=${formatRate(spec.dirty_bytes_per_s)}, set=${formatBytes(spec.set_bytes)}`;
    return `${name.padEnd(7)} ${about} (zero=${spec.zero_share * 100}%${writes})`;
  });
}
