/** The version of this program, and of any folder with a package.json. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the package that this program belongs to. */
export const PACKAGE_FOLDER = fileURLToPath(new URL('../../', import.meta.url));

/** The version in a folder's package.json. @throws what the system says where there is none */
export function versionIn(folder: string): string {
  const { version }: { version: string } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return version;
}

export function packageVersion(): string {
  return versionIn(PACKAGE_FOLDER);
}
