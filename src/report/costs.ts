/** What a person is told of what things cost on a machine. */
import { COST_MEANINGS, type CostName, type CostTable, mapCosts } from '../results/costs.ts';
import { formatGbPerS, formatNs } from '../units.ts';
import { type Column, formatTable, wrap } from './table.ts';

const PAGE_BYTES = 4096;
/** Records of normal pages that fill a staging buffer of 32 KiB. */
const STAGED_PAGES = 7;
const STAGED_BYTES = STAGED_PAGES * (PAGE_BYTES + 8);
const MEANING_COLUMNS = 42;

const COLUMNS: readonly Column[] = [
  { title: 'cost', align: 'left' },
  { title: 'value', align: 'right' },
  { title: 'p10 to p90', align: 'left' },
  { title: 'what it is', align: 'left' },
];

/** From the lowest to the highest of what was measured, but for the odd tenths. */
export interface CostSpread {
  readonly low_ns: number;
  readonly high_ns: number;
}

/** The conclusion, and a table of all costs under 100 columns. */
export function reportCosts(set: CostTable, spreads: Partial<Record<CostName, CostSpread>>): string {
  const rows = Object.values(mapCosts((name) => rowsOf(name, set, spreads[name]))).flat();
  return [conclusion(set), '', formatTable(COLUMNS, rows)].join('\n');
}

function conclusion(set: CostTable): string {
  const { normal_page_ns, zero_page_ns, encode_call_ns, write_call_ns, write_byte_ns, wake_ns } = mapCosts(
    (name) => middleOf(set, name),
  );
  const normal_ns = normal_page_ns + encode_call_ns / STAGED_PAGES;
  const write_ns = write_call_ns + STAGED_BYTES * write_byte_ns;
  return (
    `encode ${speed(PAGE_BYTES, normal_ns)} of normal pages, ${speed(PAGE_BYTES, zero_page_ns)} of zero pages; ` +
    `pipe ${speed(STAGED_BYTES, write_ns)};\nwake-up ${formatCost(wake_ns)}`
  );
}

function speed(bytes: number, ns: number): string {
  return formatGbPerS((bytes * 1e9) / Math.max(ns, Number.MIN_VALUE));
}

/** The value, or the middle of its range. */
function middleOf(set: CostTable, name: CostName): number {
  const { value } = set.costs[name];
  return typeof value === 'number' ? value : (value[0] + value[1]) / 2;
}

/** A row, and one more for each further line of the meaning. */
function rowsOf(name: CostName, set: CostTable, spread: CostSpread | undefined): string[][] {
  const { value } = set.costs[name];
  const text = typeof value === 'number' ? formatCost(value) : rangeOf(value[0], value[1]);
  const between = spread === undefined ? '' : rangeOf(spread.low_ns, spread.high_ns);
  const [first = '', ...more] = wrap(COST_MEANINGS[name], MEANING_COLUMNS).split('\n');
  return [[name, text, between, first], ...more.map((line) => ['', '', '', line])];
}

function rangeOf(low_ns: number, high_ns: number): string {
  return `${formatCost(low_ns)} to ${formatCost(high_ns)}`;
}

/** As other durations, but with what is less than a nanosecond. @example formatCost(0.0712) // '0.0712 ns' */
export function formatCost(ns: number): string {
  return ns < 999.5 ? `${Number(ns.toPrecision(3))} ns` : formatNs(ns);
}
