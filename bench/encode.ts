/** How fast do dirty pages become records in a ring of 1 MiB? Beside the same loop in C, and a bare copy. */
import { type Content, hashOf } from './contents.ts';
import { answered, type Contender, inProcess, type Question, type Table } from './harness.ts';
import type { NativePeer } from './peers/native.ts';
import { encodePlain } from './peers/plain/encode.ts';
import { type BenchMemory, GIB, MIB, PAGE_BYTES, RING_BYTES } from './ram.ts';

const SIZES = [
  { name: '1 GiB', bytes: GIB },
  { name: '16 MiB', bytes: 16 * MIB },
] as const;
const CONTENTS: readonly Content[] = ['zero', 'half', 'normal'];

/** What the loop in C makes of a ring: how many bytes it wrote, then the ring. */
function ringAnswer(memory: BenchMemory): (written: number) => number {
  return (written) => hashOf(memory.bytes(memory.ring, RING_BYTES), written);
}

function questionOf(
  memory: BenchMemory,
  peer: NativePeer | undefined,
  content: Content,
  size: number,
): Question {
  const { name, bytes } = SIZES[size] ?? SIZES[0];
  const conclude = ringAnswer(memory);
  const pages = bytes / PAGE_BYTES;
  const plain = (): number => {
    const bitmap = memory.words(memory.bitmap, pages / 8).fill(0xffff_ffff);
    return encodePlain(memory.bytes(memory.ram, bytes), bitmap, memory.bytes(memory.ring, RING_BYTES));
  };
  const contenders: Contender[] = [
    { name: 'core', run: inProcess(() => memory.encodeAll(bytes), conclude) },
    { name: 'plain TypeScript', run: inProcess(plain, conclude) },
  ];
  if (peer !== undefined) {
    const numbers = [memory.ram, bytes, memory.ring, memory.bitmap];
    const run = peer.runs('encode', memory.arena.memory, numbers, conclude);
    contenders.push({ name: 'native, the same loop', run, at_least: 0.9 });
  }
  return { name: `${content} pages, ${name}`, bytes, contenders };
}

/** The copy alone answers with the ring's last pages; there is no record to compare. */
function copyQuestion(memory: BenchMemory, peer: NativePeer): Question {
  const last = (): number => hashOf(memory.bytes(memory.ram + GIB - RING_BYTES, RING_BYTES), 0);
  const copied = (): number => hashOf(memory.bytes(memory.ring, RING_BYTES), 0);
  const copy = peer.runs('memcpy', memory.arena.memory, [memory.ram, GIB, memory.ring], copied);
  return {
    name: 'normal pages, 1 GiB, beside memcpy of 4 KiB pieces into the same ring',
    bytes: GIB,
    wanted: last(),
    contenders: [
      { name: 'core', run: inProcess(() => memory.encodeAll(GIB), last) },
      { name: 'native memcpy', run: copy, at_least: 0.92 },
    ],
  };
}

export async function askEncode(memory: BenchMemory, peer: NativePeer | undefined): Promise<Table[]> {
  const tables: Table[] = [];
  for (const content of CONTENTS) {
    memory.fill(content, GIB);
    const questions = SIZES.map((_, size) => questionOf(memory, peer, content, size));
    if (content === 'normal' && peer !== undefined) questions.push(copyQuestion(memory, peer));
    tables.push(await answered(`Encode, ${content}`, questions));
  }
  return tables;
}
