/** The built-in sets of costs. */
import { fail } from '../../errors.ts';
import type { CostSet } from './costs.ts';
import { HOST_2011 } from './host-2011.ts';
import { HOST_2026 } from './host-2026.ts';

const sets: readonly CostSet[] = [HOST_2011, HOST_2026];

/** Names of the built-in sets of costs. */
export const COST_SET_NAMES: readonly string[] = sets.map(({ name }) => name);

/** A built-in set of costs. @throws `usage-costs` */
export function findCosts(name: string): CostSet {
  const found = sets.find((set) => set.name === name);
  if (found === undefined) throw fail('usage-costs', { name, names: COST_SET_NAMES });
  return found;
}
