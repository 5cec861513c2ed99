/**
 * All the set-up that `npm start` and `npm test` need, and nothing twice: installs from the lock file if
 * what is installed differs from it, builds if what is built differs from its sources.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { builtStamp, STAMP_FILE } from './stamp.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [major, minor] = process.versions.node.split('.').map(Number);

function packagesOf(lock_file) {
  if (!existsSync(lock_file)) return {};
  return JSON.parse(readFileSync(lock_file, 'utf8')).packages;
}

/** Whether node_modules holds every package of the lock file at its version (npm keeps its own list there). */
function isInstalled() {
  const installed = packagesOf(`${root}/node_modules/.package-lock.json`);
  return Object.entries(packagesOf(`${root}/package-lock.json`)).every(
    ([path, wanted]) => path === '' || wanted.optional || installed[path]?.version === wanted.version,
  );
}

function isBuilt() {
  const stamp = `${root}/${STAMP_FILE}`;
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === builtStamp(root);
}

function step(what, command, args) {
  process.stderr.write(`pagepipe: ${what}\n`);
  // what npm says of its own settings must not stand in front of the program's output
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    process.stderr.write(`pagepipe: ${what} failed; mend what stands above and run the command again\n`);
    process.exit(1);
  }
}

if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`pagepipe: Node ${process.versions.node} is too old: install Node 20.19 or newer\n`);
  process.exit(1);
}
if (!isInstalled()) step('installing from package-lock.json', 'npm', ['ci', '--no-audit', '--no-fund']);
if (!isBuilt()) step('building', process.execPath, ['scripts/build.mjs']);
