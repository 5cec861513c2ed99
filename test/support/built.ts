/** The package as it is built: in TypeScript the threads of some Nodes cannot be started. */
type NodeModule = typeof import('../../src/node.ts');

export const BUILT_URL = new URL('../../dist/node.js', import.meta.url).href;

export async function builtPackage(): Promise<NodeModule> {
  const built: NodeModule = await import(BUILT_URL);
  return built;
}
