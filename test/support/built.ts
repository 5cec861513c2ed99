/** The built package: in TypeScript the threads of some Nodes cannot be started. */
export async function builtPackage(): Promise<typeof import('../../src/node.ts')> {
  const built: typeof import('../../src/node.ts') = await import(
    new URL('../../dist/node.js', import.meta.url).href
  );
  return built;
}
