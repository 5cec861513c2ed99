import { fail } from '../errors.ts';
import { type PolicyName, type PolicySpec, policyNameOf, targetOf } from '../policy/table.ts';
import type { Plain } from '../results/result.ts';
import { checkGuestFlags } from './guest.ts';
import { contradiction, numberOrNone } from './options.ts';
import { checkOutputs, isStdoutTaken } from './outputs.ts';

/** The options of `save`, parsed. */
export interface SaveFlags {
  readonly ram?: string;
  readonly raw?: boolean;
  readonly missing?: 'zero';
  readonly workload?: string;
  readonly size?: number;
  readonly output: string;
  readonly via?: 'file' | 'pipe';
  readonly direct?: boolean;
  readonly limit?: number | 'unlimited';
  /** Nanoseconds. */
  readonly slice: number | 'off';
  readonly policy?: PolicyName;
  /** Nanoseconds. */
  readonly target?: number;
  readonly downtime?: number;
  readonly maxRounds?: number;
  readonly complete?: 'turns' | 'blocking';
  readonly staging?: number;
  readonly thread?: boolean;
  readonly xbzrle?: boolean;
  readonly xbzrleCache?: number;
  readonly format?: 'stream' | 'mapped-ram';
  readonly channels?: number;
  readonly machine?: string;
  readonly keepRam?: string;
  readonly trace?: string;
  readonly json?: boolean;
  readonly seed: number;
  readonly force?: boolean;
}

const STDOUT = '-';

/** @throws `usage-contradiction`, `usage-needs`, `usage-terminal`; `output-exists` */
export function checkFlags(flags: SaveFlags): void {
  const { output, trace, json } = flags;
  checkGuestFlags(flags);
  if (json === true && isStdoutTaken([trace])) throw contradiction(`--trace ${trace}`, '--json');
  const is_command = output.startsWith('exec:');
  if (is_command && flags.via === 'file') throw contradiction('-o exec:', '--via file');
  if (is_command && flags.direct === true) throw contradiction('-o exec:', '--direct');
  if (flags.format === 'mapped-ram') {
    if (output === STDOUT || is_command) throw contradiction('--format mapped-ram', `-o ${output}`);
    if (flags.via === 'pipe') throw contradiction('--format mapped-ram', '--via pipe');
    if (flags.xbzrle === true) throw contradiction('--format mapped-ram', '--xbzrle');
  }
  checkChannels(flags);
  if (flags.xbzrleCache !== undefined && flags.xbzrle !== true)
    throw fail('usage-needs', { option: '--xbzrle-cache', needs: '--xbzrle' });
  if (output === STDOUT && process.stdout.isTTY) throw fail('usage-terminal', {});
  const outputs = { '-o': output, '--keep-ram': flags.keepRam, '--trace': trace };
  checkOutputs(
    Object.entries(outputs).flatMap(([option, path]) => (path === undefined ? [] : { option, path })),
    { force: flags.force ?? false },
  );
}

/** What the save loop does by itself, its limits and its buffer, channels do not. */
function checkChannels(flags: SaveFlags): void {
  const { channels } = flags;
  if (channels !== undefined && flags.format !== 'mapped-ram')
    throw fail('usage-needs', { option: '--channels', needs: '--format mapped-ram' });
  if (!isByChannels(flags)) return;
  const one = `--channels ${channels}`;
  if (numberOrNone(flags.limit) !== undefined) throw contradiction(one, '--limit with a rate');
  if (flags.policy !== undefined && flags.policy !== 'unlimited')
    throw contradiction(one, `--policy ${flags.policy}`);
  if (flags.complete === 'blocking') throw contradiction(one, '--complete blocking');
  if (flags.staging !== undefined) throw contradiction(one, '--staging');
  if (flags.thread === true) throw contradiction(one, '--thread');
}

export function isByChannels(flags: SaveFlags): flags is SaveFlags & { readonly channels: number } {
  return (flags.channels ?? 1) > 1;
}

/** A mapped-ram file is written in places, which a pipe cannot. */
export function viaOf(flags: SaveFlags): 'file' | 'pipe' {
  return flags.format === 'mapped-ram' ? 'file' : (flags.via ?? 'pipe');
}

/** The policy that the options describe, as they stand. */
export function specOf(flags: SaveFlags): PolicySpec {
  return {
    name: flags.policy,
    limit_bytes_per_s: numberOrNone(flags.limit),
    slice_ns: numberOrNone(flags.slice),
    target_ns: flags.target,
  };
}

/** The options as they stand in the result: what was chosen, in plain values. */
export function plainOptions(flags: SaveFlags): Record<string, Plain> {
  const policy = specOf(flags);
  const { limit_bytes_per_s, slice_ns } = policy;
  const target_ns = targetOf(policy);
  return {
    ram: flags.ram ?? null,
    workload: flags.workload ?? null,
    size_bytes: flags.size ?? null,
    output: flags.output,
    via: flags.output.startsWith('exec:') ? 'exec' : viaOf(flags),
    format: flags.format ?? 'stream',
    xbzrle: flags.xbzrle ?? false,
    direct: flags.direct ?? false,
    thread: flags.thread ?? false,
    channels: flags.channels ?? 1,
    policy: policyNameOf(policy),
    limit_bytes_per_s: limit_bytes_per_s ?? null,
    // a slice is of the main loop's time, and channels take none of it
    slice_ms: slice_ns === undefined || isByChannels(flags) ? null : slice_ns / 1e6,
    target_ms: target_ns === undefined ? null : target_ns / 1e6,
    complete: flags.complete ?? 'turns',
    max_rounds: flags.maxRounds ?? null,
    seed: flags.seed,
  };
}
