/** Comparing, and benches. */
import { inLine, type Nothing, quote, say } from './words.ts';

export const benchErrors = {
  // --- comparing -------------------------------------------------------------------------------------
  'usage-compare': (_: Nothing) =>
    say('BASE and NEW have no case in common', 'give runs of the same options, or one case in each'),
  'compare-failed': (d: {
    fail_below: number;
    cases: number;
    fallen: number;
    worst: string;
    is_sure: boolean;
  }) =>
    say(
      `throughput fell by over ${d.fail_below} %${d.cases === 1 ? ', to ' : ` in ${d.fallen} of ${d.cases} cases, worst `}` +
        `${d.worst}`,
      `${d.is_sure ? 'find out why' : 'repeat it to be sure'}`,
    ),

  // --- benches ---------------------------------------------------------------------------------------
  'usage-bench-size': (d: { bytes: number; bytes_max: number }) =>
    say(`--size of ${d.bytes} bytes is not measured`, `give whole MiB, 1MiB to ${d.bytes_max / 2 ** 20}MiB`),
  'usage-bench-only': (d: { pattern: string; is_regexp: boolean }) =>
    say(
      `--only ${quote(d.pattern)} ${d.is_regexp ? 'is in no name' : 'is no regular expression'}`,
      'give part of a name, such as encode/half',
    ),
  'usage-bench-build': (d: { place: string; reason: string }) =>
    say(`${d.place} ${d.reason}`, 'give a built checkout, a package or a core.wasm'),
  'usage-bench-import': (d: { place: string; reason: string }) =>
    say(`${d.place} does not load (${inLine(d.reason)})`, 'install and build it'),
  'bench-wrong': (d: { name: string; build: string; what: string }) =>
    say(`${d.name}: ${d.build} answers wrongly (${d.what})`, 'rebuild it'),
} as const;
