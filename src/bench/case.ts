/** What a case is, and the bench it is prepared on. */
import { fail } from '../errors.ts';
import { PAGE_BYTES } from '../guest/guest.ts';
import type { BenchCore, Build } from './build.ts';
import { type Content, writeContent } from './content.ts';
import type { Lab } from './lab.ts';

export const MIB = 2 ** 20;

/** What the encoder writes into, over and over, and the most pages of a call: those of the save loop. */
export const RING_BYTES = MIB;
export const CALL_PAGES_MAX = 1024;

/** RAM of one content. */
export interface RamArea {
  readonly host: number;
  readonly bytes: number;
  /** 1 for each page that is zero. */
  readonly zero_flags: Uint8Array;
}

/** What the cases of a group share: the lab's memory with RAM in it that is written. */
export class Workbench {
  readonly lab: Lab;
  readonly ring: number;
  readonly #areas: ReadonlyMap<Content, RamArea>;
  #shared = new Map<string, number>();

  /** @param contents bytes of each content that are needed */
  constructor(lab: Lab, contents: Readonly<Partial<Record<Content, number>>>) {
    lab.reset();
    this.lab = lab;
    this.ring = lab.alloc(RING_BYTES);
    const kinds: readonly Content[] = ['normal', 'half', 'zero'];
    this.#areas = new Map(
      kinds.flatMap((content) => {
        const bytes = contents[content];
        return bytes === undefined ? [] : [[content, this.#write(content, bytes)] as const];
      }),
    );
  }

  /** The RAM of a content. */
  ram(content: Content): RamArea {
    const area = this.#areas.get(content);
    if (area === undefined) throw new Error(`no RAM of ${content} on this bench`);
    return area;
  }

  /** Memory that all who name it share: both builds, and cases that each leave it as the others want it. */
  shared(name: string, size_bytes: number): number {
    const address = this.#shared.get(name) ?? this.lab.alloc(size_bytes, PAGE_BYTES);
    this.#shared.set(name, address);
    // whoever allocated it or found it goes on at the same place in a page
    this.lab.beginPage();
    return address;
  }

  #write(content: Content, bytes: number): RamArea {
    const host = this.lab.alloc(bytes, PAGE_BYTES);
    return { host, bytes, zero_flags: writeContent(this.lab.bytes(host, bytes), content) };
  }
}

/** One build on a bench. */
export interface Side extends BenchCore {
  readonly build: Build;
}

/** A case that is prepared for one build: its answer was found right. */
export interface Ready {
  /** What a run writes of a stream, or reads. */
  readonly wire_bytes?: number;
  run(): void | Promise<void>;
}

/** A case of the bench. */
export interface BenchCase {
  readonly name: string;
  /** Guest RAM that a run goes over. */
  readonly bytes: number;
  /**
   * Whether a build can do it; every one can unless this says otherwise. The place to say that a function of
   * the core is newer than some builds: `isFor: ({ core }) => typeof core.diff === 'function'`.
   */
  isFor?(side: Side): boolean;
  /**
   * Allocates what the case works on, runs it once and checks the answer. Allocation detaches views: `run`
   * keeps addresses.
   *
   * @throws `bench-wrong`
   */
  prepare(bench: Workbench, side: Side): Ready | Promise<Ready>;
}

/** Cases that share written RAM, and are measured in turn. */
export interface CaseGroup {
  readonly contents: Readonly<Partial<Record<Content, number>>>;
  readonly cases: readonly BenchCase[];
}

/** A size as names have it: `1GiB`, `16MiB`. */
export function sizeName(bytes: number): string {
  return bytes % 2 ** 30 === 0 ? `${bytes / 2 ** 30}GiB` : `${bytes / MIB}MiB`;
}

/** Checks the answer of a case. */
export type Check = (what: string, found: number, wanted: number) => void;

/** A check that throws `bench-wrong` with the case and the build in it. */
export function checkOf(name: string, { build }: Side): Check {
  return (what, found, wanted) => {
    if (found === wanted) return;
    throw fail('bench-wrong', { name, build: build.name, what: `${what}: ${found}, not ${wanted}` });
  };
}

/**
 * All pages of a small guest are compared, and each so many-th of a large one: JavaScript reads 1 GB/s. It is
 * odd, so that no pattern of a power of two escapes.
 */
const WHOLLY_CHECKED_BYTES = 16 * MIB;
const CHECKED_ONE_IN = 63;

/** Of how many pages one is compared byte by byte. */
export function checkedOneIn(bytes: number): number {
  return bytes <= WHOLLY_CHECKED_BYTES ? 1 : CHECKED_ONE_IN;
}

/** Checks that a page holds what it should. */
export function checkPage(check: Check, page: number, found: Uint8Array, wanted: Uint8Array): void {
  check(`right bytes of page ${page}`, sameUpTo(found, wanted), PAGE_BYTES);
}

/** Where two ranges differ first; their length where they do not. */
export function sameUpTo(one: Uint8Array, other: Uint8Array): number {
  const length = Math.max(one.length, other.length);
  for (let i = 0; i < length; i++) if (one[i] !== other[i]) return i;
  return length;
}
