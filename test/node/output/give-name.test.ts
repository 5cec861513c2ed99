import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import type { link } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { giveName } from '../../../src/node/output/give-name.ts';
import { failure, inFolder } from '../../support/folder.ts';

const KEEP = { force: false };
const REPLACE = { force: true };

/** A link(2) that fails as the system would. */
function refusing(code: string): typeof link {
  return () => Promise.reject(Object.assign(new Error(code), { code }));
}

/** The file systems that there are: with links, and without in every way of saying so. */
const LINKS: Readonly<Record<string, typeof link | undefined>> = {
  'with links': undefined,
  ...Object.fromEntries(
    ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].map((code) => [
      `where link says ${code}`,
      refusing(code),
    ]),
  ),
};

for (const [name, linkFile] of Object.entries(LINKS)) {
  test(
    `a file gets a free name, once: ${name}`,
    inFolder(async (folder) => {
      for (const options of [KEEP, REPLACE]) {
        const [part, path] = [join(folder, 'part'), join(folder, `force-${options.force}`)];
        writeFileSync(part, 'whole');
        assert.is(await giveName(part, path, options, linkFile), true);
        assert.is(readFileSync(path, 'utf8'), 'whole');
        assert.is(lstatSync(path).nlink, 1);
      }
      assert.equal(readdirSync(folder).sort(), ['force-false', 'force-true']);
    }),
  );

  test(
    `a name that is taken, with force and without: ${name}`,
    inFolder(async (folder) => {
      const [part, path] = [join(folder, 'part'), join(folder, 'out')];
      writeFileSync(part, 'new');
      writeFileSync(path, 'old');
      const error = await failure('output-exists', () => giveName(part, path, KEEP, linkFile));
      assert.is(error.detail.path, path);
      assert.is(readFileSync(path, 'utf8'), 'old');
      assert.is(await giveName(part, path, REPLACE, linkFile), false);
      assert.is(readFileSync(path, 'utf8'), 'new');
      assert.equal(readdirSync(folder), ['out']);
    }),
  );

  test(
    `a folder, and a link to nothing, have a name too: ${name}`,
    inFolder(async (folder) => {
      const [part, path, dangling] = [join(folder, 'part'), join(folder, 'out'), join(folder, 'link')];
      writeFileSync(part, '');
      mkdirSync(path);
      symlinkSync('nothing', dangling);
      for (const options of [KEEP, REPLACE]) {
        await failure('output-refused', () => giveName(part, path, options, linkFile));
      }
      await failure('output-exists', () => giveName(part, dangling, KEEP, linkFile));
      assert.equal(readdirSync(folder).sort(), ['link', 'out', 'part']);
    }),
  );
}

test(
  'any other refusal is told in the words of the system',
  inFolder(async (folder) => {
    const [part, path] = [join(folder, 'part'), join(folder, 'out')];
    const missing = await failure('output-refused', () => giveName(part, path, KEEP));
    assert.match(missing.message, /no such file/);
    writeFileSync(part, '');
    await failure('output-refused', () => giveName(part, path, KEEP, refusing('EIO')));
    assert.equal(readdirSync(folder), ['part']);
  }),
);

test.run();
