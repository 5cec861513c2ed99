/** A section of a stream as readers list it. */
import type { TailSection } from './tail.ts';

/** A section of RAM, without its place in the stream. */
export interface RamHead {
  readonly id: number;
  readonly type: 'start' | 'part' | 'end';
  readonly name: string;
  readonly instance: number;
  readonly version: number;
}

/** One section as it stands in the stream; `bytes` from its type byte to the end of its footer. */
export interface StreamSection {
  readonly id: number;
  readonly type: RamHead['type'] | TailSection['type'];
  readonly name: string;
  readonly instance: number;
  readonly version: number;
  readonly offset: number;
  readonly bytes: number;
  /** Its end was looked for: nothing says where it is. */
  readonly by_search?: true;
  /** More than one: so many sections of this kind that follow each other, taken together. */
  readonly count?: number;
}
