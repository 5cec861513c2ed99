/** What a person is told of a sweep: the conclusion first, then a row for each combination of settings. */
import type { CellFigures, Spread, SweepRow } from '../results/cells.ts';
import { formatCount, formatMs } from '../units.ts';
import { type Column, formatTable, wrap } from './table.ts';

const WIDTH = 98;
const LABEL_WIDTH = 10;
const INDENT = ' '.repeat(2 + LABEL_WIDTH);
/** What is more than that is in the file. */
const ROWS_MAX = 50;
/** A combination in words may take so much of the conclusion. */
const WORDS_MAX = 60;

export interface SweepTold {
  readonly name: string;
  readonly costs: readonly string[];
  /** What is varied, but the seed. */
  readonly keys: readonly string[];
  readonly rows: readonly SweepRow[];
  /** Seeds of each combination, if all are there. */
  readonly seeds: number;
  readonly cells: number;
  readonly done: number;
  readonly skipped: number;
  readonly file: string;
  /** Cells of the sweep that the file has by now. */
  readonly in_file: number;
  readonly shard: string | undefined;
  readonly wall_ms: number;
}

/** A column of figures. */
interface Figure {
  readonly name: keyof CellFigures;
  readonly title: string;
  readonly format: (value: number) => string;
}

const FIGURES: readonly Figure[] = [
  { name: 'wall_ms', title: 'wall', format: formatMs },
  { name: 'iterate_max_ms', title: 'longest iterate', format: formatMs },
  { name: 'blackout_p99_ms', title: 'blackout p99', format: formatMs },
  { name: 'blackout_max_ms', title: 'blackout max', format: formatMs },
  { name: 'guest_bytes_per_s', title: 'GB/s', format: (value) => (value / 1e9).toFixed(2) },
];

export function reportSweep(told: SweepTold): string {
  const { rows } = told;
  const shown = rows.slice(0, ROWS_MAX);
  const more = rows.length - shown.length;
  return [
    wrap(`model: ${conclusion(told)}`, WIDTH),
    labelled('told', `${told.name}, costs ${[...new Set(told.costs)].join(', ')}; ${sizeOf(told)}`),
    labelled('file', fileWords(told)),
    '',
    ...tableLines(told, shown),
    ...(more === 0 ? [] : [`… ${formatCount(more)} more combinations: they are in the file`]),
  ].join('\n');
}

/** A line of the kind that all reports have: a label, and what there is to say. */
function labelled(label: string, text: string): string {
  return `  ${label.padEnd(LABEL_WIDTH)}${wrap(text, WIDTH - INDENT.length).replaceAll('\n', `\n${INDENT}`)}`;
}

function sizeOf({ cells, keys, seeds }: SweepTold): string {
  const combinations = keys.length === 0 ? '' : `${plural(cells / seeds, 'combination')} x `;
  return `${combinations}${plural(seeds, 'seed')} = ${plural(cells, 'cell')}`;
}

function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** What became of the file, and what is to be done where cells are missing. */
function fileWords({ file, cells, done, skipped, in_file, shard, wall_ms }: SweepTold): string {
  const part = shard === undefined ? '' : ` of shard ${shard}`;
  const there = skipped === 0 ? '' : `, ${formatCount(skipped)} were there`;
  const rate = formatCount(Math.round((done * 1000) / Math.max(1, wall_ms)));
  const news =
    done === 0
      ? `nothing to do, all ${plural(skipped, 'cell')}${part} are there`
      : `${plural(done, 'cell')}${part} in ${formatMs(wall_ms)} (${rate} cells/s)${there}`;
  const whole = in_file === cells ? '' : `; it has ${formatCount(in_file)} of ${formatCount(cells)}`;
  return `${file}: ${news}${whole}`;
}

/** Where the main loop is unanswered least and most. */
function conclusion({ rows, keys, name }: SweepTold): string {
  const max_of = (row: SweepRow): number => row.figures.blackout_max_ms.p50;
  const sorted = rows.toSorted((one, other) => max_of(one) - max_of(other));
  const least = sorted[0];
  const most = sorted.at(-1);
  if (least === undefined || most === undefined) return `${name}: no cell is there yet`;
  const over = rows.some(({ seeds }) => seeds > 1) ? ', in the median of the seeds' : '';
  const of = (row: SweepRow): string =>
    `${formatMs(max_of(row))} with ${wordsOf(row, keys)} (wall ${formatMs(row.figures.wall_ms.p50)})`;
  if (least === most) {
    const { p90 } = least.figures.blackout_max_ms;
    const upper = over === '' ? '' : `; one in ten is above ${formatMs(p90)}`;
    return `the main loop is unanswered for at most ${formatMs(max_of(least))}${over}${upper}`;
  }
  return `the longest blackout is least, ${of(least)}, and most, ${of(most)}${over}`;
}

function wordsOf({ choices }: SweepRow, keys: readonly string[]): string {
  const words = keys.map((key, i) => `${key}=${choices[i]}`).join(' ');
  return words.length <= WORDS_MAX ? words : `${words.slice(0, WORDS_MAX - 1)}…`;
}

/** The table; where the settings leave no room for the figures, they are numbered and told below. */
function tableLines(told: SweepTold, rows: readonly SweepRow[]): string[] {
  const { keys } = told;
  const wide = figureTable(told, keys, rows, ({ choices }) => choices).split('\n');
  if (wide.every((line) => line.length <= WIDTH)) return wide;
  const numbers = new Map(rows.map((row, i) => [row, String(i + 1)]));
  const numberOf = (row: SweepRow): string => numbers.get(row) ?? '';
  const legend = rows.map((row) => {
    const words = keys.map((key, i) => `${key}=${row.choices[i]}`).join(' ');
    return wrap(`${numberOf(row)}: ${words}`, WIDTH);
  });
  return [figureTable(told, ['no.'], rows, (row) => [numberOf(row)]), '', ...legend];
}

function figureTable(
  { seeds }: SweepTold,
  titles: readonly string[],
  rows: readonly SweepRow[],
  firstCells: (row: SweepRow) => readonly string[],
): string {
  const has_seeds = seeds > 1;
  const columns: Column[] = [
    ...titles.map((title): Column => ({ title, align: 'left' })),
    ...(has_seeds ? [{ title: 'seeds', align: 'right' } as const] : []),
    ...FIGURES.map(({ title }): Column => ({ title, align: 'right' })),
  ];
  const lines = rows.flatMap((row) => {
    const medians = FIGURES.map(({ name, format }) => format(row.figures[name].p50));
    const first = firstCells(row);
    if (!has_seeds) return [[...first, ...medians]];
    const spreads = FIGURES.map(({ name, format }) => spreadWords(row.figures[name], format));
    return [
      [...first, formatCount(row.seeds), ...medians],
      [...first.map(() => ''), '10-90 %', ...spreads],
    ];
  });
  return formatTable(columns, lines);
}

/** The 10th and the 90th percentile, the unit once where it is one. */
function spreadWords({ p10, p90 }: Spread, format: (value: number) => string): string {
  const [low, low_unit] = format(p10).split(' ');
  const [high, high_unit] = format(p90).split(' ');
  if (low_unit !== high_unit) return `${low} ${low_unit}–${high} ${high_unit}`;
  return `${low}–${high}${high_unit === undefined ? '' : ` ${high_unit}`}`;
}
