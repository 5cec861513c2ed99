/** A line of a sweep: what the cell is, and its result document. */

import * as v from 'valibot';
import type { CellFigures } from '../results/cells.ts';
import type { ResultDocument } from '../results/result.ts';
import { CELL_SCHEMA } from '../results/schemas.ts';

/** What a line says, but for the schema. */
export interface CellDocument {
  /** The hash that all cells of a sweep share. */
  readonly sweep: string;
  readonly index: number;
  /** Of the whole sweep, whatever the shard. */
  readonly cells: number;
  readonly cell: Readonly<Record<string, unknown>>;
  readonly result: ResultDocument;
}

/** A line that was read. */
export interface ReadLine {
  readonly sweep: string;
  readonly index: number;
  readonly figures: CellFigures;
}

/** With the line's end. */
export function cellLine({ sweep, index, cells, cell, result }: CellDocument): string {
  return `${JSON.stringify({ schema: CELL_SCHEMA, sweep, index, cells, cell, result })}\n`;
}

/** What every line of a sweep begins with. */
export function lineHead(sweep: string): string {
  return `${JSON.stringify({ schema: CELL_SCHEMA, sweep }).slice(0, -1)},`;
}

const lineSchema = v.object({
  schema: v.literal(CELL_SCHEMA),
  sweep: v.string(),
  index: v.pipe(v.number(), v.integer(), v.minValue(0)),
  result: v.object({
    wall_ms: v.number(),
    guest_bytes_per_s: v.number(),
    phases: v.object({ iterate: v.object({ max_ms: v.number() }) }),
    blackout_ms: v.object({ p99: v.number(), max: v.number() }),
  }),
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A line, whatever its sweep; undefined for a text that is none. */
export function readCellLine(text: string): ReadLine | undefined {
  const { success, output } = v.safeParse(lineSchema, parsed(text));
  if (!success) return undefined;
  const { sweep, index, result } = output;
  return {
    sweep,
    index,
    figures: {
      wall_ms: result.wall_ms,
      iterate_max_ms: result.phases.iterate.max_ms,
      blackout_p99_ms: result.blackout_ms.p99,
      blackout_max_ms: result.blackout_ms.max,
      guest_bytes_per_s: result.guest_bytes_per_s,
    },
  };
}
