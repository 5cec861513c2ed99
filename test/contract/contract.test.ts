/** Programs that used 0.1.0 go on working: its bytes, keys, exit codes and flags are still there. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { COMMANDS, type Contract, optionsOf, runContract } from './contract.ts';

interface Vectors {
  readonly options: Readonly<Record<string, readonly string[]>>;
  readonly calls: readonly Contract[];
}

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../vectors/contract-0.1.0.json', import.meta.url), 'utf8'),
);

/** What was there and is no more. */
function lost(before: readonly string[] = [], now: readonly string[] = []): string[] {
  return before.filter((name) => !now.includes(name));
}

test('the same calls give the same bytes, exit codes and keys', () => {
  const now = runContract(MAIN);
  assert.is(now.length, vectors.calls.length);
  vectors.calls.forEach((before, index) => {
    const call = before.args.join(' ');
    const { status, keys, stdout_sha256, file_sha256, args } = now[index] ?? { args: [], status: null };
    assert.equal(args, before.args);
    assert.is(status, before.status, call);
    assert.is(file_sha256, before.file_sha256, `${call}: the file that it writes`);
    assert.is(stdout_sha256, before.stdout_sha256, `${call}: what it prints`);
    assert.equal(lost(before.keys, keys), [], `${call}: keys`);
  });
});

test('no flag has gone', () => {
  for (const command of COMMANDS) {
    const before = vectors.options[command] ?? [];
    assert.ok(before.length > 1, `${command} had flags`);
    assert.equal(lost(before, optionsOf(MAIN, command)), [], command);
  }
});

test.run();
