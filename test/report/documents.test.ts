/** The texts on a save, a stream and a log, from small documents. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { reportInspect } from '../../src/report/inspect.ts';
import { reportSave, reportStuck } from '../../src/report/save.ts';
import { reportTrace } from '../../src/report/trace.ts';
import type { InspectDocument } from '../../src/results/inspect.ts';
import { buildResult, type Measured } from '../../src/results/result.ts';
import type { Phase, Span } from '../../src/stats/spans.ts';
import { assertWidth } from '../support/cli.ts';

const NS_PER_MS = 1e6;

function span(phase: Phase, start_ms: number, end_ms: number): Span {
  return { phase, start_ns: start_ms * NS_PER_MS, end_ns: end_ms * NS_PER_MS };
}

const SPANS = [span('begin', 0, 1), span('iterate', 1, 91), span('complete', 95, 97)];

const MEASURED: Measured = {
  command: 'save',
  world: 'real',
  wall_ns: 100 * NS_PER_MS,
  load_ms: 7,
  sync_ms: 12,
  downtime_ns: 2 * NS_PER_MS,
  converged: true,
  guest_bytes: 100e6,
  stream_bytes: 2 ** 20,
  ram: {
    total: 100e6,
    transferred: 1e6,
    duplicate: 9830,
    normal: 6554,
    'normal-bytes': 6554 * 4096,
    remaining: 0,
    'dirty-sync-count': 3,
    'page-size': 4096,
    mbps: 80,
  },
  spans: SPANS,
  blackout_ms: { p50: 1, p99: 80, max: 88.4 },
  eagain: 1234,
  short_writes: 0,
  longest_write_ns: 85 * NS_PER_MS,
  options: { slice_ms: null },
  machine: {},
};

test('a policy with a target: held, or missed and why', () => {
  const late = { over_ms: 10, count: 3, sum_ms: 60, write_ms: 50, cpu_ms: 8, queued_ms: 2 };
  const linesOf = (late_turns: Measured['late_turns'], p99: number, via = 'file'): string => {
    const blackout_ms = { p50: 1, p99, max: 90 };
    const text = reportSave(buildResult({ ...MEASURED, blackout_ms, late_turns, options: { via } }), {
      output: 'out.mig',
    });
    assertWidth(text);
    return text.slice(text.indexOf('  target'));
  };
  assert.is(
    linesOf(late, 10),
    '  target    held: 99 of 100 requests were answered within 10.0 ms, under 10.0 ms',
  );
  assert.is(
    linesOf(late, 20),
    [
      '  target    missed: 99 of 100 requests were answered within 20.0 ms, not 10.0 ms',
      '            3 longer turns, 60.0 ms: 50.0 ms in writes, 8.00 ms computing, 2.00 ms waiting for CPU',
      '            the kernel blocked single writes, no slice cuts them; try --via pipe or --thread',
    ].join('\n'),
  );
  assert.match(linesOf({ ...late, cpu_ms: 40 }, 20), /the kernel computed inside single writes.*--thread$/);
  assert.match(linesOf(late, 20, 'pipe'), /blocked single writes, no slice cuts them$/);
  assert.match(linesOf({ ...late, queued_ms: 31 }, 20), /other processes had the CPU meanwhile$/);
  assert.match(linesOf({ ...late, write_ms: 9 }, 20), /the encoder was slow/);
  assert.match(
    linesOf({ over_ms: 10, count: 1, sum_ms: 12, write_ms: 12 }, 20),
    /, 12.0 ms: 12.0 ms in writes\n/,
  );
  assert.match(linesOf({ ...late, count: 0 }, 20), /no turn of the save was longer/);
});

test('a save that does not converge: what is the case and what to set, in one line', () => {
  const stuck = { rounds: 3, remaining_bytes: 2 ** 26, dirty_bytes_per_s: 2e8, taken_bytes_per_s: 2 ** 26 };
  const line = reportStuck(stuck, undefined);
  assert.is(
    line,
    'does not converge: 64.0 MiB left for 3 rounds, the guest dirties 191 MiB/s, the output takes ' +
      '64.0 MiB/s; set --downtime 1200ms, --max-rounds, or --xbzrle',
  );
  assert.match(reportStuck(stuck, 2 ** 26), /; set a higher --limit, --downtime 1200ms, --max-rounds/);
  assert.match(
    reportStuck({ ...stuck, taken_bytes_per_s: 0 }, undefined),
    /; set --max-rounds, or --xbzrle$/,
  );
});

test('a save: the conclusion, and where the time went', () => {
  assert.is(
    reportSave(buildResult(MEASURED), { output: 'out.mig' }),
    [
      'saved 95.4 MiB in 100 ms (1.00 GB/s); the main loop was unanswered for at most 88.4 ms',
      '  output    out.mig: 1.00 MiB, synced in 12.0 ms',
      '  pages     6,554 normal, 9,830 zero; 3 dirty syncs',
      '  iterate   1 calls, median 90.0 ms, p99 90.0 ms, longest 90.0 ms',
      '  complete  2.00 ms with the guest paused',
      '  pipe      1,234 EAGAIN, 0 short writes, longest write 85.0 ms',
    ].join('\n'),
  );
});

test('a save that did not converge, by a helper without O_DIRECT, with a slice that was overrun', () => {
  const disk = { direct: false, writes: 26, sum_ms: 75, max_ms: 3.78, log2_us: [] };
  const result = buildResult({ ...MEASURED, converged: false, disk, options: { slice_ms: 50 } });
  const text = reportSave(result, { output: 'out.mig', direct_refusal: 'invalid argument' });
  assert.match(text, /^ {2}complete {2}2\.00 ms with the guest paused, rounds used up$/m);
  assert.match(text, /^ {2}disk end {2}26 writes \(buffered\), 75\.0 ms in all, longest 3\.78 ms$/m);
  assert.match(text, /^ {2}--direct was not possible: invalid argument; written buffered$/m);
  assert.match(
    text,
    /overran the slice of 50\.0 ms: .* the kernel\n {2}blocks, and the longest took 85\.0 ms/,
  );
  assertWidth(text);
});

test('an overrun of a few milliseconds is not worth a word', () => {
  const result = buildResult({ ...MEASURED, options: { slice_ms: 85 } });
  assert.not.match(reportSave(result, { output: 'out.mig' }), /overran/);
});

const PAGES = { normal: 1638, fill: 0, zero: 2458, xbzrle: 0 };

function found(sections: number): InspectDocument {
  const section = { id: 2, type: 'part', name: 'ram', instance: 0, version: 4, bytes: 1000 };
  return {
    schema: 'pagepipe/inspect/1',
    format: 'qemu-stream',
    version: 3,
    machine: 'none',
    page_size: 4096,
    sections: Array.from({ length: sections }, (_, i) => ({ ...section, offset: i * 1000 })),
    blocks: [{ name: 'ram', used_bytes: 2 ** 24, pages: PAGES, missing_pages: 0 }],
    looks_like_multifd: false,
    pages: PAGES,
    rounds: 1,
    stream_bytes: 6_744_870,
    capabilities: [],
    advice: {
      resent_pages: 0,
      zero_saved_bytes: 2458 * 4095,
      xbzrle_saved_bytes: 0,
      mapped_ram_bytes: 1638 * 4096,
      gzip_bytes: 1_000_000,
    },
  };
}

test('a stream: the conclusion, its blocks, its sections', () => {
  assert.is(
    reportInspect(found(2)),
    [
      'QEMU stream, version 3, machine none: 16.0 MiB of RAM in 6.43 MiB',
      '  4,096 page records in 1 round: 1,638 normal, 2,458 zero',
      '  zero pages saved 9.60 MiB',
      '  as mapped-ram it takes 6.40 MiB of disk, 1 % less',
      '  gzip -1 makes it about 977 KiB, 85 % less',
      '',
      'block       RAM  normal   zero  fill  xbzrle',
      '-----  --------  ------  -----  ----  ------',
      'ram    16.0 MiB   1,638  2,458     0       0',
      '',
      'section  id  name  inst  ver  offset  bytes',
      '-------  --  ----  ----  ---  ------  -----',
      'part      2  ram      0    4       0  1,000',
      'part      2  ram      0    4   1,000  1,000',
    ].join('\n'),
  );
});

test('of many sections the first and the last twelve are shown, and how many are not', () => {
  const partsOf = (text: string): number => text.split('\n').filter((line) => line.startsWith('part')).length;
  assert.is(partsOf(reportInspect(found(24))), 24);
  const text = reportInspect(found(1025));
  assert.is(partsOf(text), 24);
  assert.match(text, /^… 1,001 more \(--json shows all\)$/m);
  assert.match(text, /\b11,000 {2}1,000\n… .*\npart .*\b1,013,000 {2}1,000\n/);
});

test('a stream with bytes that QEMU refuses now, and names that could steer a terminal', () => {
  const pages = { ...PAGES, fill: 3 };
  const blocks = [{ name: 'r\x1b[2Jm', used_bytes: 2 ** 24, pages, missing_pages: null }];
  const text = reportInspect({ ...found(1), rounds: 2, machine: 'p\x07c', blocks, pages });
  assert.match(text, /machine p\?c: /);
  assert.match(
    text,
    /4,099 page records in 2 rounds: .*, 3 of another repeated byte \(QEMU from 8\.2 refuses/,
  );
  assert.match(text, /^r\?\[2Jm /m);
  assert.not.ok(text.includes('\x1b'));
});

test('what would be better, and what is better already', () => {
  const advice = { ...found(1).advice, resent_pages: 1000, gzip_bytes: 6_744_870 };
  const text = reportInspect({ ...found(1), advice });
  assert.match(text, /^ {2}1,000 times a page went again, up to 3\.91 MiB: pause the guest, or use XBZRLE$/m);
  assert.match(text, /^ {2}gzip -1 makes it about 6\.43 MiB$/m);
  const xbzrle = { ...advice, xbzrle_saved_bytes: 2 ** 20, zero_saved_bytes: 0, gzip_bytes: null };
  const pages = { ...PAGES, xbzrle: 260 };
  const with_xbzrle = reportInspect({ ...found(1), pages, advice: { ...xbzrle, mapped_ram_bytes: null } });
  assert.match(with_xbzrle, /^ {2}4,356 page records in 1 round: 1,638 normal, 2,458 zero, 260 XBZRLE$/m);
  assert.match(with_xbzrle, /^ {2}XBZRLE saved 1\.00 MiB$/m);
  assert.match(with_xbzrle, /^ {2}1,000 times a page went again: pause the guest$/m);
  assert.not.match(with_xbzrle, /zero pages saved|mapped-ram|gzip/);
});

test('sections whose end was searched for, sections that are many, and state that nothing splits', () => {
  const [section] = found(1).sections;
  if (section === undefined) throw new Error('one section was asked for');
  const sections = [
    { ...section, type: 'full', name: 'dev\x1bice', by_search: true } as const,
    { ...section, count: 1234 },
    { ...section, type: 'opaque', name: '' },
  ];
  const text = reportInspect({ ...found(1), sections });
  assert.match(text, /^ {2}the end of 1 section was found by search: \* below$/m);
  assert.match(text, /^full +2 {2}dev\?ice \* /m);
  assert.match(text, /^part x 1,234 +2 {2}ram /m);
  assert.match(text, /^opaque +2 {2}\(device state that no description splits\) /m);
});

test('a mapped-ram file, and a libvirt save image', () => {
  const mapped = reportInspect({ ...found(1), format: 'mapped-ram' });
  assert.match(mapped, /^QEMU mapped-ram file, version 3, machine none: /);
  assert.match(mapped, /^ {2}1,638 pages in the file, 2,458 zero$/m);
  assert.not.match(mapped, /as mapped-ram/);
  const head = { version: 2, format: 'gzip', was_running: true, xml_bytes: 70_000, stream_offset: 70_092 };
  const libvirt = { ...head, domain: 'win\x1b[2J' };
  const image = reportInspect({ ...found(1), format: 'libvirt-save', libvirt });
  assert.match(image, /^libvirt save image with a QEMU stream, version 3, machine none: /);
  assert.match(image, /^ {2}domain win\?\[2J, was running, format gzip, stream at byte 70,092$/m);
  const paused = reportInspect({ ...found(1), libvirt: { ...libvirt, was_running: false } });
  assert.match(paused, /, was paused, /);
});

test('a log: the conclusion, what is missing, the phases, the log itself', () => {
  const text = reportTrace(SPANS, ['the end of Iterate at 1.000 s']);
  const [head, missing, , columns, , begin] = text.split('\n');
  assert.is(head, '3 spans, 93.0 ms in all; the main loop was in the longest for 90.0 ms');
  assert.is(missing, '  missing: the end of Iterate at 1.000 s');
  assert.is(columns, 'phase     count      sum      avg      min      p50      p99      max');
  assert.is(begin, 'begin         1  1.00 ms  1.00 ms  1.00 ms  1.00 ms  1.00 ms  1.00 ms');
  assert.match(text, /^ {2}0\.091 < Iterate +0\.090$/m);
  assert.match(text, /^avg 31 = sum 93 \/ count 3; min 1 max 90$/m);
  assertWidth(text);
});

test.run();
