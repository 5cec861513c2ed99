/** Every test file starts its tests: uvu passes over one that only defines them. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

test('every test file ends by running its suites', () => {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.test.ts'),
  );
  assert.ok(files.length > 50);
  for (const file of files) {
    const text = readFileSync(`${FOLDER}${file}`, 'utf8');
    const suites = ['test', ...Array.from(text.matchAll(/const (\w+) = suite\(/g), ([, name]) => name)];
    const defined = suites.filter((name) => new RegExp(`^${name}\\(|[( ]${name},`, 'm').test(text));
    for (const name of defined) assert.ok(text.includes(`\n${name}.run();\n`), `${file}: ${name}.run()`);
    assert.match(text, /\n\w+\.run\(\);\n$/, file);
  }
});

test.run();
