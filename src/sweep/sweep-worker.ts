/** A worker of a sweep: is told the number of a cell, and gives its line. See entry/sweep/pool.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { PagepipeError } from '../errors.ts';
import type { CellAnswer } from './pool.ts';
import { runCell, Sweep, type SweepSetup } from './sweep.ts';

const setup: SweepSetup = workerData;
const sweep = new Sweep(setup.plan);

/** What goes wrong with a cell is told like its line: the cells before it are still wanted. */
function answerOf(index: number): CellAnswer {
  try {
    return { index, line: runCell(sweep, setup, index) };
  } catch (error) {
    if (error instanceof PagepipeError) return { index, reason: error.what };
    return { index, reason: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (index: number) => parentPort?.postMessage(answerOf(index)));
