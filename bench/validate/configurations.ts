/** What the model is held against: every reader, mix and batching, with the policies spread evenly over them. */
import { type Policy, parseRate, parseSize, slice, unlimited, window } from '../../src/index.ts';

/** One save, to be made for real and in the model. */
export interface Configuration {
  readonly reader: string;
  /** Share of zero pages, in the runs of the synthetic workloads. */
  readonly zero_share: number;
  readonly staging: string;
  readonly policy: PolicyName;
}

const POLICY_NAMES = ['unlimited', 'slice', 'window'] as const;
export type PolicyName = (typeof POLICY_NAMES)[number];

export const SLICE = '2ms';
export const LIMIT = '128MiB/s';
const SLICE_NS = 2_000_000;

/** The last two came later, when the first three had shown where the model holds: they say up to which rate. */
export const READERS = ['200MB/s', '800MB/s', 'unlimited', '100MB/s', '400MB/s'];
const ZERO_SHARES = [0, 0.6, 0.95];
const STAGINGS = ['8KiB', '32KiB', '256KiB'];

/** Nine a reader: Latin squares, so that each policy meets each value of the others equally often. */
export const CONFIGURATIONS: readonly Configuration[] = READERS.flatMap((reader, r) =>
  ZERO_SHARES.flatMap((zero_share, z) =>
    STAGINGS.map((staging, s) => ({
      reader,
      zero_share,
      staging,
      policy: POLICY_NAMES[(r + z + s) % POLICY_NAMES.length] ?? 'unlimited',
    })),
  ),
);

export const GUEST_SIZE = '512MiB';
export const SEED = 7;
/** libvirt's helper reads so much before it does something with it. */
export const BLOCK = '1MiB';

/** The policy of a real save. */
export function realPolicy(name: PolicyName): Policy {
  if (name === 'slice') return slice(unlimited, SLICE_NS);
  return name === 'window' ? window(parseRate(LIMIT)) : unlimited;
}

/** The bytes a second of a reader. */
export function readerRate(reader: string): number {
  return reader === 'unlimited' ? Number.POSITIVE_INFINITY : parseRate(reader);
}

export const stagingBytes = (configuration: Configuration): number => parseSize(configuration.staging);
