/** What does it take to put another thread on a CPU? */
import { PagepipeError } from '../../errors.ts';
import type { Peer } from './peer.ts';
import { SWITCH } from './peer-protocol.ts';

const SWITCHES = 300;

/**
 * NaN where no process can be kept on one CPU.
 *
 * @param pinned a peer that is kept on one CPU
 */
export function switchRound(pinned: Peer | undefined): number {
  if (pinned === undefined) return Number.NaN;
  try {
    pinned.order(SWITCH, 0, SWITCHES);
    return pinned.answer();
  } catch (error) {
    // there is no taskset, or it may not do that
    if (error instanceof PagepipeError && error.code === 'calibration-peer') return Number.NaN;
    throw error;
  }
}
