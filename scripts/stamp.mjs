/** What a build was made from, as one hash: setup builds again when it differs. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const STAMP_FILE = 'dist/.stamp';

const INPUTS = [
  'assembly',
  'src',
  'scripts',
  'asconfig.json',
  'tsconfig.base.json',
  'tsconfig.build.json',
  'package-lock.json',
];
/** What the build makes in src/: the core's bytes, and its constants. */
export const BINARY_FILE = 'src/core/binary.ts';
export const LAYOUT_FILE = 'src/core/layout.ts';
const GENERATED = [BINARY_FILE, LAYOUT_FILE];

function filesUnder(root, path) {
  if (path.includes('.')) return [path];
  return readdirSync(join(root, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length))
    .filter((file) => !GENERATED.includes(file.replace(/^\/+/, '')));
}

/** The hash of all that dist/ is built from. */
export function builtStamp(root) {
  const hash = createHash('sha256');
  for (const file of INPUTS.flatMap((input) => filesUnder(root, input)).sort()) {
    hash.update(`${file.replace(/^\/+/, '')}\0`).update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}
