/** How fast are the changes of a page found and applied? Pairs of pages in seven cases, beside C and TypeScript. */
import { CHANGES, type Change } from '../src/bench/cases/xbzrle.ts';
import { Arena } from '../src/core/arena.ts';
import { hashOf, Xorshift } from './contents.ts';
import {
  answered,
  type Contender,
  inProcess,
  type Question,
  type Run,
  ratioOf,
  say,
  type Table,
  verdict,
} from './harness.ts';
import type { NativePeer } from './peers/native.ts';
import { xbzrleDecodePlain, xbzrleEncodePlain } from './peers/plain/xbzrle.ts';

const PAGE_BYTES = 4096;
/** Enough that the branch predictor does not know them by heart; old, new and payloads are within L2 and L3. */
const PAIRS = 128;

/** Changes runs of bytes, none of whose bytes stays as it was. */
function change(page: Uint8Array, random: Xorshift, { runs, run_bytes }: Change): void {
  for (let i = 0; i < runs; i++) {
    const first = random.below(PAGE_BYTES / run_bytes) * run_bytes;
    for (let at = first; at < first + run_bytes; at++) page[at] = (page[at] ?? 0) ^ (1 + random.below(255));
  }
}

/** The pairs of one case in a memory of the core: old and new pages by turns, payloads, pages to decode onto. */
class Pairs {
  readonly arena = new Arena();
  readonly pairs = this.arena.alloc(PAIRS * 2 * PAGE_BYTES, PAGE_BYTES);
  readonly payloads = this.arena.alloc(PAIRS * PAGE_BYTES + 64, PAGE_BYTES);
  readonly targets = this.arena.alloc(PAIRS * PAGE_BYTES, PAGE_BYTES);
  readonly #sizes_at = this.arena.alloc(PAIRS * Int32Array.BYTES_PER_ELEMENT, PAGE_BYTES);
  /** Of the payloads; -1 where there is none. */
  readonly sizes = new Int32Array(this.arena.memory.buffer, this.#sizes_at, PAIRS);

  fill(kind: Change): void {
    const random = new Xorshift(7);
    const bytes = this.arena.bytes(this.pairs, PAIRS * 2 * PAGE_BYTES);
    for (let at = 0; at < bytes.length; at += 2 * PAGE_BYTES) {
      const [before, after] = [this.view(this.pairs + at), this.view(this.pairs + at + PAGE_BYTES)];
      for (let i = 0; i < PAGE_BYTES; i++) before[i] = random.next() >>> 24;
      after.set(before);
      change(after, random, kind);
    }
  }

  /** What a kernel of the native peer works on: pages, and how many; payloads, and their sizes. */
  numbers(pages_at: number): number[] {
    return [pages_at, PAIRS, this.payloads, this.#sizes_at];
  }

  view(address: number): Uint8Array {
    return this.arena.bytes(address, PAGE_BYTES);
  }

  /** Pages of a range, as views made once: making them is no part of what is timed. */
  views(address: number, stride_bytes: number): Uint8Array[] {
    return Array.from({ length: PAIRS }, (_, i) => this.view(address + i * stride_bytes));
  }

  encode(): number {
    const { core } = this.arena;
    for (let i = 0; i < PAIRS; i++) {
      const pair = this.pairs + i * 2 * PAGE_BYTES;
      const out = this.payloads + i * PAGE_BYTES;
      this.sizes[i] = core.xbzrleEncode(pair, pair + PAGE_BYTES, out, PAGE_BYTES) ?? -1;
    }
    return 0;
  }

  decode(): number {
    const { core } = this.arena;
    for (let i = 0; i < PAIRS; i++) {
      const size = this.sizes[i] ?? 0;
      if (size > 0) core.xbzrleDecode(this.targets + i * PAGE_BYTES, this.payloads + i * PAGE_BYTES, size);
    }
    return 0;
  }

  /** Puts the old pages where decode will change them. */
  reset(): void {
    for (let i = 0; i < PAIRS; i++) {
      this.view(this.targets + i * PAGE_BYTES).set(this.view(this.pairs + i * 2 * PAGE_BYTES));
    }
  }

  payloadHash(): number {
    return this.sizes.reduce((hash, size, i) => {
      const next = (Math.imul(hash, 31) + size) >>> 0;
      const payload = this.payloads + i * PAGE_BYTES;
      return size > 0 ? hashOf(this.arena.bytes(payload, size), next) : next;
    }, 0);
  }

  targetHash(): number {
    return hashOf(this.arena.bytes(this.targets, PAIRS * PAGE_BYTES), 0);
  }
}

const PORTABLE = 'native, portable';

function encodeQuestion(name: string, pairs: Pairs, peer: NativePeer | undefined): Question {
  const conclude = (): number => pairs.payloadHash();
  const before = pairs.views(pairs.pairs, 2 * PAGE_BYTES);
  const after = pairs.views(pairs.pairs + PAGE_BYTES, 2 * PAGE_BYTES);
  const outs = pairs.views(pairs.payloads, PAGE_BYTES);
  const none = new Uint8Array(PAGE_BYTES);
  const plain = (): number => {
    for (let i = 0; i < PAIRS; i++) {
      pairs.sizes[i] = xbzrleEncodePlain(before[i] ?? none, after[i] ?? none, outs[i] ?? none);
    }
    return 0;
  };
  const contenders: Contender[] = [{ name: 'core', run: inProcess(() => pairs.encode(), conclude) }];
  if (peer !== undefined) {
    const run = (kernel: string): Run =>
      peer.runs(kernel, pairs.arena.memory, pairs.numbers(pairs.pairs), conclude);
    contenders.push(
      { name: PORTABLE, run: run('xbzrle-encode-portable') },
      { name: 'native, edges by ctz', run: run('xbzrle-encode-ctz') },
    );
  }
  contenders.push({ name: 'plain TypeScript', run: inProcess(plain, conclude) });
  return { name, bytes: PAIRS * PAGE_BYTES, contenders };
}

function decodeQuestion(name: string, pairs: Pairs, peer: NativePeer | undefined): Question {
  const conclude = (): number => pairs.targetHash();
  const payloads = pairs.views(pairs.payloads, PAGE_BYTES);
  const targets = pairs.views(pairs.targets, PAGE_BYTES);
  const none = new Uint8Array(PAGE_BYTES);
  const plain = (): number => {
    for (let i = 0; i < PAIRS; i++) {
      xbzrleDecodePlain(targets[i] ?? none, payloads[i] ?? none, pairs.sizes[i] ?? 0);
    }
    return 0;
  };
  const contenders: Contender[] = [{ name: 'core', run: inProcess(() => pairs.decode(), conclude) }];
  if (peer !== undefined) {
    const run = peer.runs('xbzrle-decode', pairs.arena.memory, pairs.numbers(pairs.targets), conclude);
    contenders.push({ name: PORTABLE, run });
  }
  contenders.push({ name: 'plain TypeScript', run: inProcess(plain, conclude) });
  return { name, bytes: PAIRS * PAGE_BYTES, contenders };
}

const ENCODE = 'XBZRLE encode';
const DECODE = 'XBZRLE decode';

export async function askXbzrle(peer: NativePeer | undefined): Promise<Table[]> {
  const pairs = new Pairs();
  const encoded: Table[] = [];
  const decoded: Table[] = [];
  for (const kind of CHANGES) {
    const { name } = kind;
    pairs.fill(kind);
    encoded.push(await answered(ENCODE, [encodeQuestion(name, pairs, peer)]));
    // a page without changes, or with too many, has no payload
    if (pairs.sizes.every((size) => size <= 0)) continue;
    pairs.encode();
    pairs.reset();
    decoded.push(await answered(DECODE, [decodeQuestion(name, pairs, peer)]));
  }
  return [together(encoded), together(decoded)];
}

function together(tables: readonly Table[]): Table {
  return { title: tables[0]?.title ?? '', questions: tables.flatMap(({ questions }) => questions) };
}

/** The geometric mean of ours to the portable code over the cases of each table; nothing of other tables. */
export function sayMeans(tables: readonly Table[]): void {
  for (const [title, at_least] of [[ENCODE, 2] as const, [DECODE, 1] as const]) {
    const table = tables.find((one) => one.title === title);
    const logs = (table?.questions ?? []).flatMap(({ sampled: [ours, ...others] }) => {
      const peer = others.find(({ name }) => name === PORTABLE);
      return ours && peer ? [Math.log(ratioOf(ours, peer).median)] : [];
    });
    if (logs.length === 0) continue;
    const mean = Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
    say(`${title}, geometric mean beside ${PORTABLE}: ${mean.toFixed(2)}x${verdict(mean, at_least)}`, '');
  }
}
