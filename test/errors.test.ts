/** What an error says: what is wrong and what to do next are apart, whatever names stand in them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { besideStream } from '../src/cli/outputs.ts';
import { fail, type PagepipeError, plainError, restoredError } from '../src/errors.ts';
import { parseCosts, parseScenario, scenarioDocument, withSetting } from '../src/model/index.ts';
import { parseSamples } from '../src/results/samples.ts';
import { failure } from './support/folder.ts';

/** A name with all that stands between the parts of a message. */
const PATH = 'C: a; b: c.mig';

const parts = ({ what, hint, message }: PagepipeError) => ({ what, hint, message });

test('what is wrong holds a path whole, with its colons and semicolons', () => {
  assert.equal(parts(fail('output-exists', { path: PATH })), {
    what: `${PATH} exists`,
    hint: 'add --force to replace it, or choose another name',
    message: `${PATH} exists: add --force to replace it, or choose another name`,
  });
});

test('what is wrong holds a command whole', () => {
  const command = "sh -c 'echo a: b; cat'";
  const { what, hint } = fail('command-failed', { command, how: 'ended with exit code 3' });
  assert.is(what, `"${command}" ended with exit code 3`);
  assert.is(hint, 'see what it printed, and run it again');
});

test('what is wrong may have a colon of its own', () => {
  assert.equal(parts(fail('output-folder-missing', { path: 'a/b.mig', folder: 'a' })), {
    what: 'a/b.mig cannot be written: the folder a does not exist',
    hint: 'make it first',
    message: 'a/b.mig cannot be written: the folder a does not exist; make it first',
  });
  const { what, hint } = fail('bad-magic', { offset: 0, found: 0x7f454c46 });
  assert.is(what, 'no QEMU stream: 0x7f454c46 at offset 0, expected 0x5145564d (QEVM)');
  assert.is(hint, "give one of QEMU's");
});

test('where nothing is to be done there is no hint, and what is wrong is the message', () => {
  const { what, hint, message } = fail('no-blocks', {});
  assert.is(hint, undefined);
  assert.is(message, what);
});

test('the way to another thread keeps the parts', () => {
  const cause = fail('output-folder-missing', { path: PATH, folder: 'x: y' });
  const again = restoredError(structuredClone(plainError(cause)));
  assert.equal(
    { ...again, message: again.message, is_same_class: again.constructor === cause.constructor },
    { ...cause, message: cause.message, is_same_class: true },
  );
  assert.is(again.message, cause.message);
  assert.is(restoredError(structuredClone(plainError(new TypeError('a: b')))).message, 'a: b');
});

test('a failure beside a whole stream is told with its whole path', async () => {
  const error = await failure('extra-failed', () =>
    besideStream('out.mig', () => Promise.reject(fail('disk-full', { path: PATH, offset: 5 }))),
  );
  assert.is(error.what, `no space left for ${PATH} at byte 5; the stream out.mig is whole`);
  assert.is(error.hint, 'keep it or rerun');
});

test('a fault of a document: the hint of a check, of a quantity, of a form and of a sample stands apart', async () => {
  const set = (setting: string) => () =>
    parseScenario(withSetting(scenarioDocument('thread-2011'), setting), 'a: b.json');
  const cases: [run: () => unknown, what: string, hint: string][] = [
    [
      () => parseScenario({ schema: 'x' }, 'a: b.json'),
      'a: b.json: schema: "x" is not taken',
      'give "pagepipe/scenario/1"',
    ],
    [set('disk.seek=[2ms,1ms]'), 'a: b.json: disk.seek: its lower end is above its upper', 'swap them'],
    [
      set('guest.size="a: b"'),
      'a: b.json: guest.size: "a: b" is not a size',
      'give bytes, KiB, MiB, GiB, TiB, kB, MB, GB, TB, such as 64KiB',
    ],
    [() => parseCosts({}, 'a: b.json'), 'a: b.json: schema: missing', 'add it'],
    [() => parseSamples('', 'a: b.json'), 'a: b.json: is empty', 'give what --json printed'],
    [
      () => parseSamples('{"schema": "y: z"}', 'a: b.json'),
      'a: b.json: schema: is "y: z"',
      'give what save, simulate, demo or bench --json printed, or sweep wrote',
    ],
  ];
  for (const [run, what, hint] of cases) {
    const error = await failure('usage-document', run);
    assert.equal(parts(error), { what, hint, message: `${what}: ${hint}` });
  }
});

test.run();
