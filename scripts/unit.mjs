/**
 * Runs the tests: those that wait for other programs beside those that compute. Each group is one process of
 * uvu; what it says is shown when it ends, so that the two do not mix.
 *
 *     node scripts/unit.mjs [PATTERN]      only files whose path, from test/ on, matches
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Folders whose tests mostly wait for processes: QEMU, Chromium, the command line. */
const WAITING = ['browser', 'cli', 'qemu'];

/** All test files, as paths from test/ on. */
function testFiles(folder = '') {
  return readdirSync(join(root, 'test', folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return testFiles(path);
    return entry.name.endsWith('.test.ts') ? [path] : [];
  });
}

function escaped(path) {
  return path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Runs uvu on these files; resolves with its exit code. */
function run(name, files) {
  return new Promise((resolve, reject) => {
    const before_ms = performance.now();
    const pattern = `^(${files.map(escaped).join('|')})$`;
    const child = spawn(process.execPath, ['--import', 'tsx', 'node_modules/uvu/bin.js', 'test', pattern], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { FORCE_COLOR: '0', ...process.env },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        said += text;
      });
    }
    const stop = () => child.kill('SIGTERM');
    process.on('SIGINT', stop).on('SIGTERM', stop);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const seconds = Math.round((performance.now() - before_ms) / 1000);
      process.stdout.write(`${said}\n== ${name}: ${code === 0 ? 'passed' : 'FAILED'} in ${seconds} s\n`);
      resolve(signal === null ? code : 1);
    });
  });
}

const wanted = new RegExp(process.argv[2] ?? '');
const files = testFiles().filter((path) => wanted.test(path));
const isWaiting = (path) => WAITING.some((folder) => path.startsWith(`${folder}/`));
const groups = [
  ['tests that compute', files.filter((path) => !isWaiting(path))],
  ['tests that wait for other programs', files.filter(isWaiting)],
].filter(([, group]) => group.length > 0);
if (groups.length === 0) {
  process.stderr.write(`no test file matches ${wanted}\n`);
  process.exit(1);
}
const codes = await Promise.all(groups.map(([name, group]) => run(name, group)));
process.exit(codes.every((code) => code === 0) ? 0 : 1);
