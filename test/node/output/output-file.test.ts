import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkOutput, commitAll, OutputFile } from '../../../src/node/output/output-file.ts';
import { failure, inFolder } from '../../support/folder.ts';

const KEEP = { force: false };
const REPLACE = { force: true };
const PERMISSIONS = 0o777;
/** NAME_MAX of all the usual file systems (limits.h). */
const NAME_BYTES_MAX = 255;

test(
  'until the commit it has another name beside its own, hidden and the owner’s alone',
  inFolder(async (folder) => {
    const path = join(folder, 'guest.mig');
    const output = new OutputFile(path, KEEP);
    assert.is(output.path, path);
    assert.is(dirname(output.part_path), folder);
    assert.match(basename(output.part_path), /^\.pagepipe-[0-9a-f]+\.part$/);
    assert.equal(readdirSync(folder), [basename(output.part_path)]);
    assert.is(statSync(output.part_path).mode & PERMISSIONS, 0o600);
    writeFileSync(output.part_path, 'whole');
    await output.commit();
    assert.equal(readdirSync(folder), ['guest.mig']);
    assert.is(readFileSync(path, 'utf8'), 'whole');
    assert.is(statSync(path).mode & PERMISSIONS, 0o600);
  }),
);

test(
  'discarded it leaves nothing, and may be discarded again',
  inFolder((folder) => {
    const output = new OutputFile(join(folder, 'guest.mig'), KEEP);
    output.discard();
    output.discard();
    assert.equal(readdirSync(folder), []);
  }),
);

test(
  'a part file that somebody else removed is no error of the discard',
  inFolder((folder) => {
    const output = new OutputFile(join(folder, 'guest.mig'), KEEP);
    unlinkSync(output.part_path);
    output.discard();
  }),
);

test(
  'a discard after the commit takes nothing away',
  inFolder(async (folder) => {
    const output = new OutputFile(join(folder, 'guest.mig'), KEEP);
    await output.commit();
    output.discard();
    assert.equal(readdirSync(folder), ['guest.mig']);
  }),
);

test(
  'a file that exists is left alone without force',
  inFolder(async (folder) => {
    const path = join(folder, 'precious');
    writeFileSync(path, 'old');
    const error = await failure('output-exists', () => new OutputFile(path, KEEP));
    assert.is(error.detail.path, path);
    assert.equal(readdirSync(folder), ['precious']);
    assert.is(readFileSync(path, 'utf8'), 'old');
  }),
);

test(
  'with force it is replaced by the commit and not before; a discard leaves it as it was',
  inFolder(async (folder) => {
    const path = join(folder, 'precious');
    writeFileSync(path, 'old');
    const discarded = new OutputFile(path, REPLACE);
    writeFileSync(discarded.part_path, 'half');
    assert.is(readFileSync(path, 'utf8'), 'old');
    discarded.discard();
    assert.is(readFileSync(path, 'utf8'), 'old');
    const output = new OutputFile(path, REPLACE);
    writeFileSync(output.part_path, 'new');
    await output.commit();
    assert.is(readFileSync(path, 'utf8'), 'new');
    assert.equal(readdirSync(folder), ['precious']);
  }),
);

test(
  'a symbolic link stays one: what it points to is replaced, in its own folder',
  inFolder(async (folder) => {
    mkdirSync(join(folder, 'far'));
    writeFileSync(join(folder, 'far', 'real'), 'old');
    symlinkSync(join('far', 'real'), join(folder, 'link'));
    await failure('output-exists', () => new OutputFile(join(folder, 'link'), KEEP));
    const output = new OutputFile(join(folder, 'link'), REPLACE);
    assert.is(dirname(output.part_path), join(folder, 'far'));
    writeFileSync(output.part_path, 'new');
    await output.commit();
    assert.is(readFileSync(join(folder, 'far', 'real'), 'utf8'), 'new');
    assert.is(readFileSync(join(folder, 'link'), 'utf8'), 'new');
    assert.equal(readdirSync(folder).sort(), ['far', 'link']);
  }),
);

test(
  'two outputs of one name do not share a part file',
  inFolder((folder) => {
    const path = join(folder, 'guest.mig');
    const one = new OutputFile(path, KEEP);
    const other = new OutputFile(path, KEEP);
    assert.is.not(one.part_path, other.part_path);
    one.discard();
    assert.equal(readdirSync(folder), [basename(other.part_path)]);
  }),
);

test(
  'a missing folder and a folder in the place of the file are told apart',
  inFolder(async (folder) => {
    const missing = await failure(
      'output-folder-missing',
      () => new OutputFile(join(folder, 'no', 'x'), KEEP),
    );
    assert.is(missing.detail.folder, join(folder, 'no'));
    await failure('output-refused', () => new OutputFile(folder, REPLACE));
    assert.equal(readdirSync(folder), []);
  }),
);

test(
  'a path that cannot be looked at is refused: a file taken for a folder, a name too long, a loop of links',
  inFolder(async (folder) => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    symlinkSync('loop', join(folder, 'loop'));
    for (const path of [join(file, 'x'), join(folder, 'x'.repeat(300)), join(folder, 'loop')]) {
      await failure('output-refused', () => new OutputFile(path, KEEP));
      await failure('output-refused', () => checkOutput(path, KEEP));
    }
    assert.equal(readdirSync(folder).sort(), ['file', 'loop']);
  }),
);

test(
  'without force a file that appeared meanwhile is not overwritten',
  inFolder(async (folder) => {
    const path = join(folder, 'guest.mig');
    const output = new OutputFile(path, KEEP);
    writeFileSync(path, 'somebody else’s');
    await failure('output-exists', () => output.commit());
    output.discard();
    assert.is(readFileSync(path, 'utf8'), 'somebody else’s');
  }),
);

test(
  'a link that points to nothing has the name: kept without force, replaced with it',
  inFolder(async (folder) => {
    const path = join(folder, 'link');
    symlinkSync('nothing', path);
    await failure('output-exists', () => checkOutput(path, KEEP));
    await failure('output-exists', () => new OutputFile(path, KEEP));
    const output = new OutputFile(path, REPLACE);
    await output.commit();
    assert.equal(readdirSync(folder), ['link']);
    assert.ok(lstatSync(path).isFile());
  }),
);

test(
  'a name may be as long as the file system takes',
  inFolder(async (folder) => {
    const name = 'x'.repeat(NAME_BYTES_MAX);
    const output = new OutputFile(join(folder, name), KEEP);
    await output.commit();
    assert.equal(readdirSync(folder), [name]);
  }),
);

test('a folder that is there and takes no files is not said to be missing', async () => {
  await failure('output-refused', () => new OutputFile('/proc/pagepipe-test', KEEP));
});

test(
  'of several either all get their names or none; what was replaced stays so',
  inFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    await commitAll([new OutputFile(at('a'), KEEP), new OutputFile(at('b'), KEEP)]);
    assert.equal(readdirSync(folder).sort(), ['a', 'b']);
    const names = ['b', 'c', 'd', 'e'];
    const outputs = names.map((name) => new OutputFile(at(name), REPLACE));
    mkdirSync(at('d'));
    await failure('output-refused', () => commitAll(outputs));
    for (const output of outputs) output.discard();
    assert.equal(readdirSync(folder).sort(), ['a', 'b', 'd']);
  }),
);

test(
  'a commit that fails is told, and the part file can still be discarded',
  inFolder(async (folder) => {
    const path = join(folder, 'guest.mig');
    const output = new OutputFile(path, KEEP);
    // meanwhile the name became a folder
    mkdirSync(path);
    await failure('output-refused', () => output.commit());
    output.discard();
    assert.equal(readdirSync(folder), ['guest.mig']);
  }),
);

test(
  'checkOutput says before the work what the work would say, and makes nothing',
  inFolder(async (folder) => {
    const path = join(folder, 'file');
    writeFileSync(path, 'old');
    await failure('output-exists', () => checkOutput(path, KEEP));
    await failure('output-refused', () => checkOutput(folder, REPLACE));
    await failure('output-folder-missing', () => checkOutput(join(folder, 'no', 'x'), KEEP));
    // not even root makes files there
    await failure('output-refused', () => checkOutput('/sys/pagepipe-test', KEEP));
    await failure('output-refused', () => checkOutput('/dev/fd/987', KEEP));
    checkOutput(path, REPLACE);
    checkOutput(join(folder, 'new'), KEEP);
    for (const elsewhere of ['-', 'exec:false', '/dev/null']) checkOutput(elsewhere, KEEP);
    assert.equal(readdirSync(folder), ['file']);
    assert.is(readFileSync(path, 'utf8'), 'old');
  }),
);

if (process.getuid?.() !== 0) {
  test(
    'a folder that may not be written is refused',
    inFolder(async (folder) => {
      chmodSync(folder, 0o500);
      await failure('output-refused', () => new OutputFile(join(folder, 'x'), KEEP));
      chmodSync(folder, 0o700);
    }),
  );
}

test.run();
