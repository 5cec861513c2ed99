/** Checking documents that come from outside: an error names the path in the file. */
import * as v from 'valibot';
import { fail } from '../errors.ts';

/** A fault, and where it is. */
interface Fault {
  readonly path: string;
  readonly issue: v.BaseIssue<unknown>;
}

/** A message of our own says what is wrong; valibot's begin with "Invalid". */
const isOwn = ({ issue }: Fault): boolean => !issue.message.startsWith('Invalid');

/** What to do about a fault, in words behind the path. */
function reasonOf(fault: Fault): string {
  const { issue } = fault;
  if (isOwn(fault)) return issue.message;
  if (issue.expected === 'never') return 'not known: leave it out';
  if (issue.received === 'undefined') return `missing: give ${issue.expected}`;
  return `${issue.received} is not taken: give ${issue.expected}`;
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
  throw fail('usage-document', { file, path: fault.path, reason: reasonOf(fault) });
}

/** Of a value that fits none of several forms: what is wrong with it in the form that it is nearest to. */
function clearest(issue: v.BaseIssue<unknown>, outer: string): Fault {
  const here: Fault = { path: joined(outer, v.getDotPath(issue) ?? ''), issue };
  const inner = (issue.issues ?? []).map((part) => clearest(part, here.path));
  return inner.find(isOwn) ?? inner.find(({ path }) => path.length > here.path.length) ?? here;
}

function joined(outer: string, path: string): string {
  return outer === '' || path === '' ? outer + path : `${outer}.${path}`;
}
