/** What does it take to put another thread on a CPU? */
import type { Peer } from './peer.ts';
import { SWITCH } from './peer-protocol.ts';

const SWITCHES = 300;

/**
 * NaN where no process can be kept on one CPU.
 *
 * @param kept a peer that is kept on one CPU
 */
export function switchRound(kept: Peer | undefined): number {
  if (kept === undefined) return Number.NaN;
  kept.order(SWITCH, 0, SWITCHES);
  return kept.answer();
}
