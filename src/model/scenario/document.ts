/** Checking documents that come from outside: an error names the path in the file. */
import * as v from 'valibot';
import { fail } from '../../errors.ts';
import { ownReason } from './holds.ts';

/** A fault, and where it is. */
interface Fault {
  readonly path: string;
  readonly issue: v.BaseIssue<unknown>;
}

/** The longest text of a document that an error repeats. */
const SHOWN_CHARS = 40;

/** Whether a check of our own says what is wrong. */
const isOwn = ({ issue }: Fault): boolean => ownReason(issue) !== undefined;

/** Whether the value had the right form, and only was too much or too little. */
const isOfForm = ({ issue }: Fault): boolean => issue.kind === 'validation';

interface Reason {
  readonly reason: string;
  readonly hint: string | undefined;
}

/** What is wrong, in words behind the path, and what to do next. */
function reasonOf({ issue }: Fault): Reason {
  const own = ownReason(issue);
  if (own !== undefined) return own;
  if (issue.expected === 'never') return { reason: 'not known', hint: 'leave it out' };
  const found = shortened(wordOf(issue.received));
  // of a key that is not there valibot expects the key itself
  if (issue.received === 'undefined') {
    const is_key = issue.type === 'strict_object' && issue.expected?.startsWith('"');
    return { reason: 'missing', hint: is_key ? 'add it' : `give ${formsOf(issue.expected)}` };
  }
  if (issue.type === 'integer') return { reason: `${found} is no whole number`, hint: 'give one' };
  if (issue.type === 'min_value')
    return { reason: `${found} is too little`, hint: `give at least ${issue.requirement}` };
  if (issue.type === 'max_value')
    return { reason: `${found} is too much`, hint: `give at most ${issue.requirement}` };
  if (issue.type === 'non_empty') return { reason: 'is empty', hint: 'give a text' };
  return { reason: `${found} is not taken`, hint: `give ${formsOf(issue.expected)}` };
}

/** valibot's names of what is no plain value. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['Object', 'an object'],
  ['Array', 'a list'],
]);

const wordOf = (received: string): string => WORDS.get(received) ?? received;

/** valibot's names of forms, in words. A text or a number, in this order, is a quantity. */
const FORMS: readonly (readonly [form: RegExp, words: string])[] = [
  [/string \| number(?! \|)/g, 'a quantity with its unit'],
  [/\bstring\b/g, 'a text'],
  [/\bnumber\b/g, 'a number'],
  [/\bboolean\b/g, 'true or false'],
  [/\bArray\b/g, '[lowest, highest]'],
  [/\bObject\b/g, 'an object'],
];

/** What valibot expects, such as `("none" | (number | Array))`, in words. */
function formsOf(expected: string | null): string {
  // what is quoted is a word of the document, and stays as it is
  const parts = (expected ?? 'another value').split(/("[^"]*")/);
  const words = parts.map((part) =>
    part.startsWith('"')
      ? part
      : FORMS.reduce((text, [form, word]) => text.replace(form, word), part)
          .replace(/[()]/g, '')
          .replace(/ \| /g, ' or '),
  );
  return words.join('');
}

function shortened(text: string): string {
  return text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS)}…`;
}

/**
 * A document by its schema.
 *
 * @param file what errors call it
 * @throws `usage-document` for the first fault
 */
export function checkDocument<Schema extends v.GenericSchema>(
  schema: Schema,
  document: unknown,
  file: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, document, { abortPipeEarly: true });
  if (result.success) return result.output;
  const fault = clearest(result.issues[0], '');
  throw fail('usage-document', { file, path: fault.path, ...reasonOf(fault) });
}

/** Of a value that fits none of several forms: what is wrong with it in the form that it is nearest to. */
function clearest(issue: v.BaseIssue<unknown>, outer: string): Fault {
  const here: Fault = { path: joined(outer, v.getDotPath(issue) ?? ''), issue };
  const inner = (issue.issues ?? []).map((part) => clearest(part, here.path));
  return (
    inner.find(isOwn) ??
    inner.find(({ path }) => path.length > here.path.length) ??
    inner.find(isOfForm) ??
    here
  );
}

function joined(outer: string, path: string): string {
  return outer === '' || path === '' ? outer + path : `${outer}.${path}`;
}
