/**
 * Writes the corpus: of every family and outcome, the smallest input that was found, made smaller still.
 *
 *     node --import tsx test/fuzz/make-corpus.ts [INPUTS]
 *
 * The seed is fixed and the inputs are counted, not timed, so that the same code gives the same files.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Engine } from './engine.ts';
import { cutOut, joined, type Marked } from './mutate.ts';
import type { Family } from './seeds.ts';
import { run } from './targets.ts';

const FOLDER = fileURLToPath(new URL('corpus/', import.meta.url));
const SEED = 20_240_229;
const INPUTS = Number(process.argv[2] ?? 24_000);
/** Longer ones are not kept: lists of thousands of blocks, which seeds make anew. */
const FILE_BYTES_MAX = 9000;

/** Leaves out fields while the outcome stays the same. */
function smaller(family: Family, input: Marked, code: string): Marked {
  let best = input;
  for (let chunk = 16; chunk >= 1; chunk = Math.floor(chunk / 2)) {
    for (let at = best.fields.length - 1; at >= 0; at -= chunk) {
      const from = best.fields[Math.max(0, at - chunk + 1)]?.at ?? 0;
      const last = best.fields[at];
      if (last === undefined) continue;
      const rest = cutOut(best, last.at + last.bytes, best.bytes.length);
      const candidate = joined(cutOut(best, 0, from), rest);
      if (run(family, candidate).code === code) best = candidate;
    }
  }
  return best;
}

const smallest = new Map<string, { family: Family; code: string; input: Marked }>();
const engine = new Engine(SEED, {
  onOutcome: (family, input, { code }) => {
    const name = `${family}-${code.replace('core:', '')}`;
    const known = smallest.get(name)?.input.bytes.length ?? FILE_BYTES_MAX;
    if (input.bytes.length < known) smallest.set(name, { family, code, input });
  },
  onFinding: ({ what }) => {
    throw new Error(what);
  },
});
await engine.runSeeds();
for (let i = 0; i < INPUTS; i++) await engine.next();
engine.close();

mkdirSync(FOLDER, { recursive: true });
for (const file of readdirSync(FOLDER)) if (file.endsWith('.bin')) rmSync(`${FOLDER}${file}`);
let bytes = 0;
for (const [name, { family, code, input }] of smallest) {
  const kept = smaller(family, input, code).bytes;
  writeFileSync(`${FOLDER}${name}.bin`, kept);
  bytes += kept.length;
}
process.stdout.write(`${smallest.size} files, ${bytes} bytes\n`);
