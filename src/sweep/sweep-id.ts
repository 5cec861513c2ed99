/** The name of a sweep by all that its lines depend on. */
import { createHash } from 'node:crypto';
import type { SweepSetup } from './sweep.ts';

/** Few enough to be read, and more than enough for the sweeps of one person. */
const HEX_DIGITS = 16;

/** The keys of objects in one order: a document that was written anew is the same. */
function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** A hash of the scenario with its settings, of what is varied, and of the costs. */
export function sweepId({ plan, costs }: Pick<SweepSetup, 'plan' | 'costs'>): string {
  const { document, axes } = plan;
  const text = JSON.stringify({ document, axes, costs }, inOrder);
  return createHash('sha256').update(text).digest('hex').slice(0, HEX_DIGITS);
}
