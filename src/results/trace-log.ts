/**
 * Reads a Begin/Iterate/Complete log back, as the thread's script printed it.
 *
 * Logs come out of mails and archives: lines are cut out ("...snip.."), remarks stand behind them, line
 * breaks are lost. So it goes by tokens:
 *
 *     5.224 < Iterate 0.004        time, sign, name, and for `<` the span's own time, in seconds
 */
import { fail } from '../errors.ts';
import type { Phase, Span } from '../stats/spans.ts';

/** The spans of a log, and what is missing in it, in words. */
export interface TraceLog {
  readonly spans: readonly Span[];
  readonly missing: readonly string[];
}

const PHASES: Readonly<Record<string, Phase>> = { Begin: 'begin', Iterate: 'iterate', Complete: 'complete' };
/** `%3d.%03d`, up to eleven days, so that nanoseconds stay exact. */
const STAMP = String.raw`\d{1,6}\.\d{3}(?!\.?\d)`;
const SIGN_AND_NAME = String.raw`\s+([<>])\s+(Begin|Iterate|Complete)\b`;
/** A time behind the name is the span's own, unless a sign and a name follow: then it begins the next line. */
const OWN_TIME = String.raw`(?:\s+(${STAMP})(?!${SIGN_AND_NAME.replaceAll('(', '(?:')}))?`;
const EVENT = new RegExp(`(?<![.\\d])(${STAMP})${SIGN_AND_NAME}${OWN_TIME}`, 'g');
/** The sums of a whole run; in the script's source `%d` stands for the numbers. */
const SUMS = /\bavg\s+\d+\s*=\s*sum\s+\d+\s*\/\s*count\s+(\d+);/;
const SNIP = /\.\.\s*snip\s*\.\./gi;

const NS_PER_MS = 1_000_000;
/** The script asks the clock twice, for the span's time and for the line: they may be a millisecond apart. */
const SLACK_NS = NS_PER_MS;

/** `4.926` in nanoseconds, by its digits. */
function nsOf(seconds: string): number {
  return Number(seconds.replace('.', '')) * NS_PER_MS;
}

interface Event {
  readonly at: string;
  readonly is_enter: boolean;
  readonly name: string;
  /** The span's own time, at its end only. */
  readonly duration: string | undefined;
}

function eventsIn(text: string): Event[] {
  return Array.from(text.matchAll(EVENT), ([, at = '', sign, name = '', duration]) => ({
    at,
    is_enter: sign === '>',
    name,
    duration: sign === '<' ? duration : undefined,
  }));
}

/**
 * Reads the spans of a log. A span is whole if its end is there with its own time, which is taken as the
 * script measured it; where its begin is missing, or is that of another span, it is counted and said so.
 * Where only the own time is missing, the two times that are there give it.
 *
 * @throws `trace-empty` where there is no whole span
 * @example
 * parseTraceLog('5.220 > Iterate 5.224 < Iterate 0.004 ...snip...')
 * // { spans: [{ phase: 'iterate', start_ns: 5_220_000_000, end_ns: 5_224_000_000 }],
 * //   missing: ['any span of Begin', 'any span of Complete', 'lines at 1 place marked as cut out'] }
 */
export function parseTraceLog(text: string): TraceLog {
  const spans: Span[] = [];
  const missing: string[] = [];
  let open: Event | undefined;
  for (const event of eventsIn(text)) {
    if (event.is_enter) {
      if (open !== undefined) missing.push(`the end of ${open.name} at ${open.at} s`);
      open = event;
      continue;
    }
    const is_begun = open !== undefined && belongTogether(open, event);
    if (open !== undefined && !is_begun) missing.push(`the end of ${open.name} at ${open.at} s`);
    if (!is_begun) missing.push(`the begin of ${event.name} that ends at ${event.at} s`);
    const span = spanOf(event, is_begun ? open : undefined);
    open = undefined;
    if (span !== undefined) spans.push(span);
    if (span === undefined || event.duration === undefined) {
      missing.push(`the own time of ${event.name} that ends at ${event.at} s`);
    }
  }
  if (open !== undefined) missing.push(`the end of ${open.name} at ${open.at} s`);
  for (const [name, phase] of Object.entries(PHASES)) {
    if (!spans.some((span) => span.phase === phase)) missing.push(`any span of ${name}`);
  }
  const snips = text.match(SNIP)?.length ?? 0;
  if (snips > 0) missing.push(`lines at ${snips} ${snips === 1 ? 'place' : 'places'} marked as cut out`);
  const counted = Number(SUMS.exec(text)?.[1] ?? spans.length);
  if (counted > spans.length)
    missing.push(`${counted - spans.length} of the ${counted} spans that its sum counts`);
  if (spans.length === 0) throw fail('trace-empty', {});
  return { spans, missing };
}

/** Whether an end may be that of this begin: by name, and by its own time where it has one. */
function belongTogether(begin: Event, end: Event): boolean {
  const begin_ns = nsOf(begin.at);
  const end_ns = nsOf(end.at);
  if (begin.name !== end.name || begin_ns > end_ns) return false;
  // lines may have been lost between them, and with them the end of the one and the begin of the other
  return end.duration === undefined || Math.abs(end_ns - begin_ns - nsOf(end.duration)) <= SLACK_NS;
}

/** The span that an end closes: by its own time, or else by the begin. */
function spanOf(end: Event, begin: Event | undefined): Span | undefined {
  const phase = PHASES[end.name];
  if (phase === undefined) return undefined;
  const end_ns = nsOf(end.at);
  const begin_ns = begin === undefined ? undefined : nsOf(begin.at);
  const start_ns = end.duration === undefined ? begin_ns : end_ns - nsOf(end.duration);
  if (start_ns === undefined || start_ns < 0) return undefined;
  return { phase, start_ns, end_ns };
}
