/** What does the encoder take for a page, by what the page holds? */

import { Guest } from '../guest/guest.ts';
import { GuestSource } from '../save/guest-source.ts';
import type { Output, Source } from '../save/interfaces.ts';
import { openOutput } from '../save/output/open-output.ts';
import { medianOrNaN, now_ns, time_ns } from './numbers.ts';

/** What a sample goes over, and the most that a call of the loop does. */
const GROUP_PAGES = 1024;
/** Of calls for one page, which take longer: a sample ends well before another process has its turn. */
const GROUP_CALLS = 64;

export interface EncodeCosts {
  readonly bare_call_ns: number;
  readonly zero_page_ns: number;
  readonly zero_hot_page_ns: number;
  readonly normal_page_ns: number;
  readonly fault_ns: number;
}

export interface EncodeSizes {
  /** Of the guests whose every page was written, more than any cache holds. */
  readonly ram_bytes: number;
  /** Of the guests that were never written. */
  readonly fresh_bytes: number;
}

/** A guest, and the form that it is written in. */
export interface Sample {
  readonly source: Source;
  readonly output: Output;
}

/** A guest of one block, filled or never touched. */
export function sampleOf(bytes: number, fill: 'zero' | 'normal' | 'none'): Sample {
  const guest = new Guest([{ name: 'ram', bytes }]);
  const ram = guest.ram(guest.largestBlock());
  // the output allocates its staging, which would leave a view behind dead
  if (fill !== 'none') ram.fill(1);
  if (fill === 'zero') ram.fill(0);
  return { source: new GuestSource(guest), output: openOutput(guest) };
}

export class EncodeQuestion {
  readonly #zero: Sample;
  readonly #normal: Sample;
  readonly #untouched: Sample;
  readonly #sizes: EncodeSizes;

  constructor(sizes: EncodeSizes) {
    this.#sizes = sizes;
    this.#zero = sampleOf(sizes.ram_bytes, 'zero');
    this.#normal = sampleOf(sizes.ram_bytes, 'normal');
    this.#untouched = sampleOf(sizes.fresh_bytes, 'none');
    pass(this.#untouched, GROUP_PAGES);
  }

  round(): EncodeCosts {
    // all its pages are the kernel's one page of zeros by now
    const many = pass(this.#untouched, GROUP_PAGES);
    const one = pass(this.#untouched, 1);
    const bare_call_ns = Math.max(0, (one.page_ns - many.page_ns) / (1 - many.calls_per_page));
    const less = ({ page_ns, calls_per_page }: Pass): number =>
      Math.max(0, page_ns - calls_per_page * bare_call_ns);
    const zero_hot_page_ns = less(many);
    const fresh = pass(sampleOf(this.#sizes.fresh_bytes, 'none'), GROUP_PAGES);
    return {
      bare_call_ns,
      zero_hot_page_ns,
      fault_ns: Math.max(0, less(fresh) - zero_hot_page_ns),
      zero_page_ns: less(pass(this.#zero, GROUP_PAGES)),
      normal_page_ns: less(pass(this.#normal, GROUP_PAGES)),
    };
  }
}

interface Pass {
  readonly page_ns: number;
  readonly calls_per_page: number;
}

/** Encodes a guest once: the median of groups of pages, each over several calls where staging is too small. */
function pass({ source, output }: Sample, call_pages_max: number): Pass {
  const samples_ns: number[] = [];
  let calls = 0;
  source.markAllDirty();
  const pages = source.dirty_pages;
  while (source.dirty_pages > 0) {
    const before = source.dirty_pages;
    const goal = Math.max(0, before - (call_pages_max === 1 ? GROUP_CALLS : GROUP_PAGES));
    const elapsed_ns = time_ns(() => {
      while (source.dirty_pages > goal) {
        output.encode(0, output.staging_bytes, call_pages_max);
        calls++;
      }
    });
    samples_ns.push(elapsed_ns / (before - source.dirty_pages));
  }
  return { page_ns: medianOrNaN(samples_ns), calls_per_page: calls / pages };
}

/** What each call takes that fills staging, with a look at the clock between them. */
export function fullCalls({ source, output }: Sample, room_bytes: number, full_bytes: number): number[] {
  const samples_ns: number[] = [];
  source.markAllDirty();
  let before_ns = now_ns();
  while (source.dirty_pages > 0) {
    const bytes = output.encode(0, room_bytes, GROUP_PAGES);
    const after_ns = now_ns();
    if (bytes >= full_bytes) samples_ns.push(after_ns - before_ns);
    before_ns = after_ns;
  }
  return samples_ns;
}
