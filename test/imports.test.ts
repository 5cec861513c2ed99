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

/** What a source text imports when it runs: TypeScript drops what is `import type` as a whole. */
function loadedBy(text: string): string[] {
  return importsOf(text.replace(/\b(?:import|export) type\b[^;]*;/g, ''));
}

/** Every file that one loads, itself among them, by which file led there. */
function reachable(entry: string): Map<string, string> {
  const found = new Map([[entry, '']]);
  for (const file of found.keys()) {
    for (const specifier of loadedBy(readFileSync(join(SRC, file), 'utf8'))) {
      const target = normalize(join(dirname(file), specifier));
      if (specifier.startsWith('.') && !found.has(target)) found.set(target, file);
    }
  }
  return found;
}

/** The way to a file, from the entry on. */
function wayTo(file: string, found: ReadonlyMap<string, string>): string {
  const from = found.get(file) ?? '';
  return from === '' ? file : `${wayTo(from, found)} > ${file}`;
}

/** Files with the core in them, or that use WebAssembly outside of comments. */
function needsWasm(file: string): boolean {
  const text = readFileSync(join(SRC, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  return file === 'core/binary.ts' || /\bWebAssembly\./.test(text);
}

test("the model never loads the core's bytes, nor anything that uses WebAssembly", () => {
  const found = reachable('model/index.ts');
  assert.ok(found.has('migrate/save.ts') && found.has('core/layout.ts'), 'the walk goes through folders');
  const faults = [...found.keys()].filter(needsWasm).map((file) => wayTo(file, found));
  assert.equal(faults, []);
});

test('what loads the core is found', () => {
  const found = reachable('index.ts');
  assert.ok(needsWasm('core/binary.ts') && found.has('core/binary.ts'));
  assert.match(wayTo('core/load.ts', found), /^index\.ts > .*core\/load\.ts$/);
  assert.equal(loadedBy("import type { A } from './a.ts';\nimport { type B } from './b.ts';"), ['./b.ts']);
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
