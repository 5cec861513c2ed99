/** Files that a thread or a process begins with, and how Node is to be started with them. */

/** Of this file: `.js` where it was compiled, and so were they; `.ts` where sources are run. */
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

/** A file of `entry/`, compiled where this one is. @example entryFile('helper') // …/dist/entry/helper.js */
export function entryFile(name: string): URL {
  return new URL(`../entry/${name}${ENDING}`, import.meta.url);
}

/** The options of Node's own are about this process, but for the loader of TypeScript where it is needed. */
export const ENTRY_EXEC_ARGV: readonly string[] = ENDING === '.ts' ? process.execArgv : [];
