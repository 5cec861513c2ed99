/** Some kernels in a process of their own: prints the samples as JSON. `kernels-case.ts native|alone NAME…` */
import { askDiff } from './diff.ts';
import { askEncode } from './encode.ts';
import type { Table } from './harness.ts';
import { NativePeer } from './peers/native.ts';
import { BenchMemory, GIB } from './ram.ts';
import { askXbzrle } from './xbzrle.ts';
import { askZero } from './zero.ts';

const [which, ...names] = process.argv.slice(2);
const wants = (name: string): boolean => names.includes(name);
const peer = which === 'native' ? new NativePeer() : undefined;

const tables: Table[] = [];
if (wants('xbzrle')) tables.push(...(await askXbzrle(peer)));
if (['zero', 'encode', 'diff'].some(wants)) {
  const memory = new BenchMemory(GIB, { shadow: true });
  if (wants('zero')) tables.push(await askZero(memory, peer));
  if (wants('encode')) tables.push(...(await askEncode(memory, peer)));
  if (wants('diff')) tables.push(await askDiff(memory, peer));
}
process.stdout.write(JSON.stringify(tables));
