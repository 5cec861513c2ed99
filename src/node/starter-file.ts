/** Files that a thread or a process begins with, and how Node is to be started with them. */

/** Of this file: `.js` where it was compiled, and so were they; `.ts` where sources are run. */
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

/**
 * A file beside the one that starts it, compiled where that one is.
 *
 * @example starterFile('./helper-main', import.meta.url) // …/dist/node/helper/helper-main.js
 */
export function starterFile(name: string, starter_url: string): URL {
  return new URL(`${name}${ENDING}`, starter_url);
}

/** The options of Node's own are about this process, but for the loader of TypeScript where it is needed. */
export const STARTER_EXEC_ARGV: readonly string[] = ENDING === '.ts' ? process.execArgv : [];
