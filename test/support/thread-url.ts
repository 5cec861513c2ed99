/** Threads that are written in TypeScript. */

/** A thread does not inherit what reads TypeScript: it is told to use that first. */
export function threadUrl(worker: URL): URL {
  const tsx = import.meta.resolve('tsx/esm/api');
  const code = `import { register } from '${tsx}'; register(); await import('${worker.href}');`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}
