/** The kernels beside their peers: `node --import tsx bench/kernels.ts [zero|encode|diff|xbzrle]…`, all if none. */
import { pathToFileURL } from 'node:url';
import { benchDiff } from './diff.ts';
import { benchEncode } from './encode.ts';
import { sayWhere } from './harness.ts';
import { NativePeer } from './peers/native.ts';
import { BenchMemory, GIB } from './ram.ts';
import { benchXbzrle } from './xbzrle.ts';
import { benchZero } from './zero.ts';

export async function benchKernels(names: readonly string[]): Promise<void> {
  const wants = (name: string): boolean => names.length === 0 || names.includes(name);
  const peer = NativePeer.start();
  if (wants('xbzrle')) await benchXbzrle(peer);
  if (!['zero', 'encode', 'diff'].some(wants)) return;
  const memory = new BenchMemory(GIB, { shadow: true });
  if (wants('zero')) await benchZero(memory, peer);
  if (wants('encode')) await benchEncode(memory, peer);
  if (wants('diff')) await benchDiff(memory, peer);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  sayWhere();
  await benchKernels(process.argv.slice(2));
}
