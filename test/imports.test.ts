/** Imports go one way: every import of src/ is an arrow that the table in docs/design.md allows. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const SRC = new URL('../src/', import.meta.url).pathname;
const DESIGN = new URL('../docs/design.md', import.meta.url);

const NODE_ROOMS = new Set(['node', 'calibrate', 'sweep', 'cli']);
const PACKAGES: ReadonlyMap<string, readonly string[]> = new Map([
  ['core', ['@assemblyscript/loader']],
  ['model', ['tinyqueue', 'valibot']],
  ['sweep', ['valibot']],
  ['cli', ['commander', 'cli-progress']],
]);

/** Names in backquotes, of one cell of the table. */
function namesIn(cell: string): string[] {
  return Array.from(cell.matchAll(/`([a-z.-]+)`/g), ([, name = '']) => name);
}

/** From the table: what each room may import. */
function allowedArrows(): Map<string, Set<string>> {
  const rows = readFileSync(DESIGN, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  return new Map(
    rows.map((row): [string, Set<string>] => {
      const [, room = '', , targets = ''] = row.split('|');
      return [namesIn(room)[0] ?? '', new Set(namesIn(targets))];
    }),
  );
}

/** The room of a file: its folder below src/, at whatever depth; at the top its name. `node.ts` is not `node/`. */
function roomOf(file: string): string {
  if (file === 'node.ts') return file;
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : file.replace(/\.ts$/, '');
}

/** An example in a comment imports nothing. */
function withoutDocs(text: string): string {
  return text.replace(/\/\*\*[\s\S]*?\*\//g, '');
}

/** What a source text imports: static, re-exported, type-only and dynamic. */
function importsOf(text: string): string[] {
  const found = withoutDocs(text).matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\s*\(\s*)'([^']+)'/g);
  return Array.from(found, ([, specifier = '']) => specifier);
}

/** Files that a source text starts as a worker or a child process. */
function startsOf(text: string): string[] {
  const by_name = withoutDocs(text).matchAll(/\bstarterFile\('([^']+)', import\.meta\.url\)/g);
  const by_url = withoutDocs(text).matchAll(/\bnew URL\('([^']+\.[jt]s)', import\.meta\.url\)/g);
  return [
    ...Array.from(by_name, ([, name = '']) => `${name}.ts`),
    ...Array.from(by_url, ([, name = '']) => name.replace(/\.js$/, '.ts')),
  ];
}

const textOf = (file: string): string => readFileSync(join(SRC, file), 'utf8');

function sourceFiles(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
}

const targetOf = (file: string, specifier: string): string => normalize(join(dirname(file), specifier));

/** The files of src/ that a file imports or starts. */
function targetsOf(file: string): string[] {
  const text = textOf(file);
  const specifiers = [...importsOf(text), ...startsOf(text)];
  return specifiers
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => targetOf(file, specifier));
}

/** Why a file may not import what it does; undefined if it may. */
function fault(file: string, specifier: string, allowed: Map<string, Set<string>>): string | undefined {
  const room = roomOf(file);
  if (specifier.startsWith('node:')) return NODE_ROOMS.has(room) ? undefined : `${file} imports ${specifier}`;
  if (!specifier.startsWith('.')) {
    return PACKAGES.get(room)?.includes(specifier) ? undefined : `${file} imports the package ${specifier}`;
  }
  const target = roomOf(targetOf(file, specifier));
  if (target === room || allowed.get(room)?.has(target)) return undefined;
  return `${file} imports ${target}`;
}

test('the table names every room of src', () => {
  const rooms = new Set(sourceFiles().map(roomOf));
  assert.equal([...allowedArrows().keys()].sort(), [...rooms].sort());
});

test('every import, and every start of a worker or a process, is an arrow of the table', () => {
  const allowed = allowedArrows();
  const faults = sourceFiles().flatMap((file) => {
    const text = textOf(file);
    return [...importsOf(text), ...startsOf(text)].flatMap(
      (specifier) => fault(file, specifier, allowed) ?? [],
    );
  });
  assert.equal(faults, []);
});

test('every arrow of the table is used', () => {
  const used = new Set(
    sourceFiles().flatMap((file) => targetsOf(file).map((target) => `${roomOf(file)} > ${roomOf(target)}`)),
  );
  const unused = [...allowedArrows()].flatMap(([room, targets]) =>
    [...targets].map((target) => `${room} > ${target}`).filter((arrow) => !used.has(arrow)),
  );
  assert.equal(unused, []);
});

test('a worker or a process stands beside what starts it', () => {
  const starts = sourceFiles().flatMap((file) => startsOf(textOf(file)).map((name) => targetOf(file, name)));
  assert.ok(starts.length >= 5, `${starts.length} starters`);
  const files = new Set(sourceFiles());
  assert.equal(
    starts.filter((file) => !files.has(file)),
    [],
  );
});

/** A circle of files through `file`, as a way; undefined where there is none. */
function circleFrom(file: string, targets: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const came_from = new Map<string, string>();
  const queue = [file];
  for (const at of queue) {
    for (const target of targets.get(at) ?? []) {
      if (target === file) {
        const way = [file];
        for (let step: string | undefined = at; step !== undefined; step = came_from.get(step))
          way.unshift(step);
        return way;
      }
      if (came_from.has(target)) continue;
      came_from.set(target, at);
      queue.push(target);
    }
  }
  return undefined;
}

/** A starter is no import: its process begins anew. */
function importedFiles(file: string): string[] {
  return importsOf(textOf(file))
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => targetOf(file, specifier));
}

test('no file imports itself through others, types included', () => {
  const targets = new Map(sourceFiles().map((file) => [file, importedFiles(file)]));
  const circles = [...targets.keys()].flatMap((file) => circleFrom(file, targets)?.join(' > ') ?? []);
  assert.equal(circles, []);
});

test('what breaks the rules is found', () => {
  const allowed = allowedArrows();
  const text =
    "import type { Save } from '../save/save.ts';\nconst x = await import('../node/output/fifo.ts');";
  const faults = importsOf(text).map((specifier) => fault('stats/spans.ts', specifier, allowed));
  assert.equal(faults, ['stats/spans.ts imports save', 'stats/spans.ts imports node']);
  assert.is(fault('guest/guest.ts', 'node:fs', allowed), 'guest/guest.ts imports node:fs');
  assert.is(fault('guest/guest.ts', 'commander', allowed), 'guest/guest.ts imports the package commander');
  const start =
    "new Worker(starterFile('./peer', import.meta.url)); fork(new URL('../a/b.js', import.meta.url));";
  assert.equal(startsOf(start), ['./peer.ts', '../a/b.ts']);
  const ring = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', ['a']],
    ['d', []],
  ]);
  assert.equal(circleFrom('a', ring), ['a', 'b', 'c', 'a']);
  assert.is(circleFrom('d', ring), undefined);
});

/** What a source text imports when it runs: TypeScript drops what is `import type` as a whole. */
function loadedBy(text: string): string[] {
  return importsOf(text.replace(/\b(?:import|export) type\b[^;]*;/g, ''));
}

/** Every file that one loads, itself among them, by which file led there. */
function reachable(entry: string): Map<string, string> {
  const found = new Map([[entry, '']]);
  for (const file of found.keys()) {
    for (const specifier of loadedBy(textOf(file))) {
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
  const text = textOf(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  return file === 'core/binary.ts' || /\bWebAssembly\./.test(text);
}

test("the model never loads the core's bytes, nor anything that uses WebAssembly", () => {
  const found = reachable('model/index.ts');
  assert.ok(found.has('save/save.ts') && found.has('core/layout.ts'), 'the walk goes through folders');
  const faults = [...found.keys()].filter(needsWasm).map((file) => wayTo(file, found));
  assert.equal(faults, []);
});

test('what a page may load never needs Node, file by file', () => {
  const rooms = ['report', 'model', 'bench', 'save', 'load', 'guest'];
  const entries = ['index.ts', ...sourceFiles().filter((file) => rooms.includes(roomOf(file)))];
  const faults = entries.flatMap((entry) => {
    const found = reachable(entry);
    const needs_node = [...found.keys()].filter((file) =>
      importsOf(textOf(file)).some((specifier) => specifier.startsWith('node:')),
    );
    return needs_node.map((file) => wayTo(file, found));
  });
  assert.equal(faults, []);
});

test('what loads the core is found', () => {
  const found = reachable('index.ts');
  assert.ok(needsWasm('core/binary.ts') && found.has('core/binary.ts'));
  assert.match(wayTo('core/instantiate.ts', found), /^index\.ts > .*core\/instantiate\.ts$/);
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
