/** What a person is told of a stream. */
import type { InspectDocument, PageCounts } from '../results/inspect.ts';
import { formatBytes, formatCount } from '../units.ts';
import { type Column, formatTable, printable } from './table.ts';

/** More sections than this are shown as their first and last ones. */
const SECTIONS_SHOWN = 24;

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

/** The conclusion, then what could be better, then blocks with their page kinds, then sections. */
export function reportInspect(found: InspectDocument): string {
  return [
    headline(found),
    ...libvirtLines(found),
    recordsLine(found),
    ...missingLines(found),
    ...adviceLines(found),
    '',
    blockTable(found),
    '',
    ...sectionLines(found),
  ].join('\n');
}

/** A column for pages without a record only where there are some. */
function blockTable({ blocks }: InspectDocument): string {
  const has_missing = blocks.some(({ missing_pages }) => (missing_pages ?? 0) > 0);
  const columns = [left('block'), right('RAM'), ...['normal', 'zero', 'fill', 'xbzrle'].map(right)];
  return formatTable(
    has_missing ? [...columns, right('no record')] : columns,
    blocks.map((block) => [
      printable(block.name),
      formatBytes(block.used_bytes),
      ...kinds(block.pages),
      ...(has_missing ? [formatCount(block.missing_pages ?? 0)] : []),
    ]),
  );
}

const TITLES: Readonly<Record<InspectDocument['format'], string>> = {
  'qemu-stream': 'QEMU stream',
  'mapped-ram': 'QEMU mapped-ram file',
  'libvirt-save': 'libvirt save image with a QEMU stream',
};

function ramBytes({ blocks }: InspectDocument): number {
  return blocks.reduce((sum, block) => sum + block.used_bytes, 0);
}

function headline(found: InspectDocument): string {
  const title = `${TITLES[found.format]}, version ${found.version}, machine ${printable(found.machine)}`;
  return `${title}: ${formatBytes(ramBytes(found))} of RAM in ${formatBytes(found.stream_bytes)}`;
}

function libvirtLines({ libvirt }: InspectDocument): string[] {
  if (libvirt === undefined) return [];
  const state = libvirt.was_running ? 'was running' : 'was paused';
  return [
    `  domain ${printable(libvirt.domain)}, ${state}, format ${libvirt.format}, ` +
      `stream at byte ${formatCount(libvirt.stream_offset)}`,
  ];
}

function recordsLine({ pages, rounds, format }: InspectDocument): string {
  const { normal, zero, fill, xbzrle } = pages;
  if (format === 'mapped-ram') return `  ${formatCount(normal)} pages in the file, ${formatCount(zero)} zero`;
  const more = [
    xbzrle > 0 ? `, ${formatCount(xbzrle)} XBZRLE` : '',
    fill > 0 ? `, ${formatCount(fill)} of another repeated byte (QEMU from 8.2 refuses these)` : '',
  ];
  return (
    `  ${formatCount(normal + zero + fill + xbzrle)} page records in ${rounds} ` +
    `${rounds === 1 ? 'round' : 'rounds'}: ${formatCount(normal)} normal, ${formatCount(zero)} zero` +
    more.join('')
  );
}

/** Pages that the stream says nothing of. */
function missingLines({ blocks, looks_like_multifd }: InspectDocument): string[] {
  const missing = blocks.reduce((sum, block) => sum + (block.missing_pages ?? 0), 0);
  if (missing === 0) return [];
  const why = looks_like_multifd
    ? "as in multifd's main channel: record without multifd"
    : 'load and save refuse them, but for virtio-mem and with --missing zero';
  return [`  ${formatCount(missing)} ${missing === 1 ? 'page has' : 'pages have'} no record; ${why}`];
}

/** What the form of the stream saved, and what another would. */
function adviceLines({ advice, stream_bytes, format, page_size, sections }: InspectDocument): string[] {
  const lines: string[] = [];
  const { resent_pages, zero_saved_bytes, xbzrle_saved_bytes, mapped_ram_bytes, gzip_bytes } = advice;
  if (zero_saved_bytes > 0) lines.push(`zero pages saved ${formatBytes(zero_saved_bytes)}`);
  if (xbzrle_saved_bytes > 0) lines.push(`XBZRLE saved ${formatBytes(xbzrle_saved_bytes)}`);
  if (resent_pages > 0) {
    const cost = xbzrle_saved_bytes > 0 ? '' : `, up to ${formatBytes(resent_pages * page_size)}`;
    const cure = xbzrle_saved_bytes > 0 ? 'pause the guest' : 'pause the guest, or use XBZRLE';
    lines.push(`${formatCount(resent_pages)} times a page went again${cost}: ${cure}`);
  }
  if (format !== 'mapped-ram' && mapped_ram_bytes !== null)
    lines.push(
      `as mapped-ram it takes ${formatBytes(mapped_ram_bytes)} of disk${change(mapped_ram_bytes, stream_bytes)}`,
    );
  if (gzip_bytes !== null)
    lines.push(`gzip -1 makes it about ${formatBytes(gzip_bytes)}${change(gzip_bytes, stream_bytes)}`);
  const searched = sections.filter((section) => section.by_search === true).length;
  if (searched > 0) {
    const what = searched === 1 ? 'section' : 'sections';
    lines.push(`the end of ${formatCount(searched)} ${what} was found by search: * below`);
  }
  return lines.map((line) => `  ${line}`);
}

function change(bytes: number, than_bytes: number): string {
  const percent = Math.round((100 * bytes) / than_bytes - 100);
  if (percent === 0) return '';
  return percent < 0 ? `, ${-percent} % less` : `, ${percent} % more`;
}

function kinds({ normal, zero, fill, xbzrle }: PageCounts): string[] {
  return [normal, zero, fill, xbzrle].map(formatCount);
}

function sectionLines({ sections }: InspectDocument): string[] {
  const rows = sections.map((section) => [
    section.count === undefined ? section.type : `${section.type} x ${formatCount(section.count)}`,
    String(section.id),
    section.type === 'opaque'
      ? '(device state that no description splits)'
      : printable(section.name) + (section.by_search === true ? ' *' : ''),
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
