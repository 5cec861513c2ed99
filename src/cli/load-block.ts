/** Which block `pagepipe load` writes. */
import type { Block } from '../guest/guest.ts';
import { mainMemory } from '../guest/main-memory.ts';
import type { Loaded } from '../load/load.ts';
import { pagesOfBlocks, refuseMissing } from '../load/missing-pages.ts';
import { warnOfHole, warnOfMissing, warnOfPlugged } from './warnings.ts';

/**
 * The block that is wanted, undefined where all are; says what is to be known of it.
 *
 * @throws `main-memory`, `missing-pages`, `no-such-block`
 */
export function chooseBlock(
  { guest, facts }: Loaded,
  flags: { readonly all?: boolean; readonly block?: string; readonly missing?: 'zero' },
): Block | undefined {
  const { all, block: name, missing } = flags;
  let block: Block | undefined;
  if (all !== true) block = name === undefined ? mainMemory(guest.blocks) : guest.blockNamed(name);
  const wanted = block === undefined ? undefined : [block.name];
  if (missing !== 'zero') refuseMissing(facts, wanted);
  const pages = pagesOfBlocks(facts);
  warnOfMissing(pages.filter((of) => of.missing > 0 && wanted?.includes(of.block) !== false));
  if (block !== undefined && name === undefined) {
    warnOfHole(facts.machine, block);
    warnOfPlugged(pages);
  }
  return block;
}
