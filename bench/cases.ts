/** What do the parts cost by themselves? The cases of `pagepipe bench` that have no peer elsewhere, by benny. */

import { pathToFileURL } from 'node:url';
import b from 'benny';
import { THIS_BUILD } from '../src/bench/build.ts';
import { MIB, type Ready, Workbench } from '../src/bench/case.ts';
import { caseGroups } from '../src/bench/groups.ts';
import { Lab } from '../src/bench/lab.ts';
import { quantile } from '../src/stats/quantiles.ts';

const SIZE_BYTES = 16 * MIB;
const NAMES = /^(bitmap-walk|decode|facade|save|load|inspect)/;
const SAMPLES_MIN = 20;

export async function benchCases(): Promise<void> {
  const lab = new Lab();
  const side = { build: THIS_BUILD, ...(await THIS_BUILD.coreOn(lab.arena)) };
  process.stdout.write(
    `The parts by themselves, ${SIZE_BYTES / MIB} MiB: GB/s of guest RAM, median (p90 to p10)\n`,
  );
  for (const { contents, cases } of caseGroups(SIZE_BYTES)) {
    const bench = new Workbench(lab, contents);
    for (const one of cases.filter(({ name }) => NAMES.test(name))) {
      // it has answered rightly when it is ready
      await print(one.name, one.bytes, await one.prepare(bench, side));
    }
  }
  process.stdout.write('\n');
}

async function print(name: string, bytes: number, ready: Ready): Promise<void> {
  const suite = await b.suite(
    name,
    b.add(name, () => ready.run(), { minSamples: SAMPLES_MIN }),
  );
  for (const { details } of suite.results) {
    // benny rounds its rates to whole numbers, which is coarse at a few runs a second: the samples are exact
    const at = (share: number): string =>
      Number((bytes / 1e9 / quantile(details.sampleResults, share)).toPrecision(3))
        .toLocaleString('en')
        .padStart(8);
    process.stdout.write(`  ${name.padEnd(32)} ${at(0.5)}  (${at(0.9)} to ${at(0.1)})\n`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await benchCases();
