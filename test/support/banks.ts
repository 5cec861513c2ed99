/** Guests in several memories without the gigabytes: small ones in small banks, and large ones of which little is sent. */
import { Arena } from '../../src/core/arena.ts';
import { Bank, type BlockSpec, type Placing } from '../../src/guest/bank.ts';
import { Guest, PAGE_BYTES } from '../../src/guest/guest.ts';
import { type Policy, wrapped } from '../../src/policy/policy.ts';
import { unlimited } from '../../src/policy/unlimited.ts';

/** A guest whose banks hold only so many pages each, of all blocks together; whole words of the bitmaps. */
export function guestInBanks(specs: readonly BlockSpec[], bank_pages: number): Guest {
  const all_pages = specs.reduce((sum, { bytes }) => sum + bytes / PAGE_BYTES, 0);
  const banks = Array.from({ length: Math.ceil(all_pages / bank_pages) }, (_, index) =>
    Bank.make(new Arena(), placingsIn(specs, index * bank_pages, (index + 1) * bank_pages)),
  );
  return new Guest(specs, { banks });
}

/** What stands in the bank that has pages `from` to `to` of the guest; blocks follow each other. */
function placingsIn(specs: readonly BlockSpec[], from: number, to: number): Placing[] {
  let before = 0;
  return specs.map((spec) => {
    const pages = spec.bytes / PAGE_BYTES;
    const within = (page: number): number => Math.min(Math.max(page - before, 0), pages);
    const [first, end] = [within(from), within(to)];
    before += pages;
    return { spec, first, pages: end - first };
  });
}

/** Without a limit; of a guest of one block only these pages are sent, and no other is even read. */
export function sendsOnly(guest: Guest, pages: readonly number[]): Policy {
  return () => {
    let turns = 0;
    return wrapped(unlimited(), {
      turn() {
        // the first turn marks all pages as to be sent
        if (turns === 1) leaveDirty(guest, pages);
        turns++;
      },
    });
  };
}

function leaveDirty(guest: Guest, pages: readonly number[]): void {
  const { parts } = guest.largestBlock();
  for (const { bank, dirty, first, pages: count } of parts) {
    bank.arena.core.bitmapClear(dirty, 0, count);
    for (const page of pages) {
      if (page >= first && page < first + count) bank.arena.core.bitmapSet(dirty, page - first, 1);
    }
  }
  guest.sentPages(guest.dirty_pages - pages.length);
}
