/** What README.md says of the packages that an install brings is what package.json and the lock file say. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const read = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

type Needs = Readonly<Partial<Record<string, string>>>;
interface Locked {
  readonly dependencies?: Needs;
}

const manifest: { dependencies: Needs } = JSON.parse(read('package.json'));
const lock: { packages: Readonly<Partial<Record<string, Locked>>> } = JSON.parse(read('package-lock.json'));

/** The packages that an install of these brings, by their names; none is there in two versions. */
function installed(names: readonly string[], found: Set<string> = new Set()): Set<string> {
  for (const name of names) {
    if (found.has(name)) continue;
    found.add(name);
    installed(Object.keys(lock.packages[`node_modules/${name}`]?.dependencies ?? {}), found);
  }
  return found;
}

const NUMBERS = ['none', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];

/** The paragraph on packages. */
function paragraph(): string {
  const [, found = ''] = /\n\n(An install brings [\s\S]*?)\n\n/.exec(read('README.md')) ?? [];
  return found.replaceAll('\n', ' ');
}

test('README names the packages of package.json, and no other', () => {
  const named = Array.from(paragraph().matchAll(/`([^`]+)`/g), ([, name = '']) => name);
  assert.equal([...new Set(named)].sort(), Object.keys(manifest.dependencies).sort());
});

test('README says how many packages an install brings, and how many of them others need', () => {
  const own = Object.keys(manifest.dependencies);
  const all = installed(own);
  const [, of_all = '', of_own = '', of_others = ''] =
    /^An install brings (\w+) packages\. (\w+) are .* the other (\w+) /i.exec(paragraph()) ?? [];
  const told = [of_all, of_own, of_others].map((word) => NUMBERS.indexOf(word.toLowerCase()));
  assert.equal(told, [all.size, own.length, all.size - own.length]);
});

test('what the others are needed by is the one that README names for them', () => {
  const [, needing = ''] = /the other \w+ are what `([^`]+)` needs/.exec(paragraph()) ?? [];
  const rest = Object.keys(manifest.dependencies).filter((name) => name !== needing);
  assert.equal([...installed(rest)].sort(), rest.sort());
});

test.run();
