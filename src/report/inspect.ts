/** What a person is told of a stream. */
import type { InspectDocument, PageCounts } from '../stats/inspect.ts';
import { formatBytes, formatCount } from '../units.ts';
import { type Column, formatTable } from './table.ts';

/** More sections than this are shown as their first and last ones. */
const SECTIONS_SHOWN = 24;

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

/** The conclusion, then blocks with their page kinds, then sections. */
export function reportInspect(found: InspectDocument): string {
  const ram_bytes = found.blocks.reduce((sum, block) => sum + block.used_bytes, 0);
  const { normal, zero, fill } = found.pages;
  return [
    `QEMU stream, version ${found.version}, machine ${printable(found.machine)}: ` +
      `${formatBytes(ram_bytes)} of RAM in ${formatBytes(found.stream_bytes)}`,
    `  ${formatCount(normal + zero + fill)} page records in ${found.rounds} ` +
      `${found.rounds === 1 ? 'round' : 'rounds'}: ${formatCount(normal)} normal, ${formatCount(zero)} zero` +
      `${fill > 0 ? `, ${formatCount(fill)} of another repeated byte (QEMU from 8.2 refuses these)` : ''}`,
    '',
    formatTable(
      [left('block'), right('RAM'), right('normal'), right('zero'), right('fill')],
      found.blocks.map((block) => [
        printable(block.name),
        formatBytes(block.used_bytes),
        ...kinds(block.pages),
      ]),
    ),
    '',
    ...sectionLines(found),
  ].join('\n');
}

function kinds({ normal, zero, fill }: PageCounts): string[] {
  return [normal, zero, fill].map(formatCount);
}

function sectionLines({ sections }: InspectDocument): string[] {
  const rows = sections.map((section) => [
    section.type,
    String(section.id),
    section.type === 'opaque' ? '(device state that no description splits)' : printable(section.name),
    String(section.instance),
    String(section.version),
    formatCount(section.offset),
    formatCount(section.bytes),
  ]);
  const columns = [
    left('section'),
    right('id'),
    left('name'),
    right('inst'),
    right('ver'),
    right('offset'),
    right('bytes'),
  ];
  if (rows.length <= SECTIONS_SHOWN) return [formatTable(columns, rows)];
  const half = SECTIONS_SHOWN / 2;
  const shown = [...rows.slice(0, half), ...rows.slice(-half)];
  const table = formatTable(columns, shown).split('\n');
  const gap = `… ${formatCount(rows.length - shown.length)} more (--json shows all)`;
  return [...table.slice(0, 2 + half), gap, ...table.slice(2 + half)];
}

/** A name from a file, with what could steer a terminal replaced. */
function printable(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?');
}
