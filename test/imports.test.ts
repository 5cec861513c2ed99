/** Imports go one way: every import line of src/ is an arrow that the table in docs/design.md allows. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const SRC = new URL('../src/', import.meta.url).pathname;
const DESIGN = new URL('../docs/design.md', import.meta.url);

const NODE_FOLDERS = new Set(['pipe', 'entry', 'cli']);
const PACKAGES: ReadonlyMap<string, readonly string[]> = new Map([
  ['core', ['@assemblyscript/loader']],
  ['model', ['tinyqueue', 'valibot']],
  ['cli', ['commander', 'cli-progress']],
]);

/** Names in backquotes, of one cell of the table. */
function namesIn(cell: string): string[] {
  return Array.from(cell.matchAll(/`([a-z-]+)`/g), ([, name = '']) => name);
}

/** From the table: what each part may import. */
function allowedArrows(): Map<string, Set<string>> {
  const rows = readFileSync(DESIGN, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const allowed = new Map<string, Set<string>>();
  for (const row of rows) {
    const [, parts = '', , targets = ''] = row.split('|');
    for (const part of namesIn(parts)) allowed.set(part, new Set(namesIn(targets)));
  }
  return allowed;
}

/** The part that a file of src/ belongs to: its folder, or its name at the top. */
function partOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : file.replace(/\.ts$/, '');
}

/** What a source text imports: static, re-exported, type-only and dynamic. An example in a comment imports nothing. */
function importsOf(text: string): string[] {
  const found = text
    .replace(/\/\*\*[\s\S]*?\*\//g, '')
    .matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\s*\(\s*)'([^']+)'/g);
  return Array.from(found, ([, specifier = '']) => specifier);
}

function sourceFiles(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
}

/** Why a file may not import what it does; undefined if it may. */
function fault(file: string, specifier: string, allowed: Map<string, Set<string>>): string | undefined {
  const part = partOf(file);
  if (specifier.startsWith('node:'))
    return NODE_FOLDERS.has(part) ? undefined : `${file} imports ${specifier}`;
  if (!specifier.startsWith('.')) {
    return PACKAGES.get(part)?.includes(specifier) ? undefined : `${file} imports the package ${specifier}`;
  }
  const target = partOf(normalize(join(dirname(file), specifier)));
  if (target === part || allowed.get(part)?.has(target)) return undefined;
  return `${file} imports ${target}`;
}

test('the table names every part of src', () => {
  const parts = new Set(sourceFiles().map(partOf));
  assert.equal([...allowedArrows().keys()].sort(), [...parts].sort());
});

test('every import is an arrow of the table', () => {
  const allowed = allowedArrows();
  const faults = sourceFiles().flatMap((file) =>
    importsOf(readFileSync(join(SRC, file), 'utf8')).flatMap(
      (specifier) => fault(file, specifier, allowed) ?? [],
    ),
  );
  assert.equal(faults, []);
});

test('an arrow that is not in the table is found', () => {
  const allowed = allowedArrows();
  const text = "import type { Save } from '../migrate/save.ts';\nconst x = await import('../pipe/fifo.ts');";
  const faults = importsOf(text).map((specifier) => fault('stats/spans.ts', specifier, allowed));
  assert.equal(faults, ['stats/spans.ts imports migrate', 'stats/spans.ts imports pipe']);
  assert.is(fault('guest/guest.ts', 'node:fs', allowed), 'guest/guest.ts imports node:fs');
  assert.is(fault('guest/guest.ts', 'commander', allowed), 'guest/guest.ts imports the package commander');
});

test('the core imports nothing but itself', () => {
  const folder = new URL('../assembly/', import.meta.url).pathname;
  const faults = readdirSync(folder).flatMap((file) =>
    importsOf(readFileSync(join(folder, file), 'utf8')).filter(
      (specifier) => !/^\.\/[a-z0-9-]+$/.test(specifier),
    ),
  );
  assert.equal(faults, []);
});

test.run();
