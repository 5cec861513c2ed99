/** Checking documents that come from outside: an error names the path in the file. */
import * as v from 'valibot';
import { fail } from '../errors.ts';

/** What to do about an issue, in words after the path. */
function reasonOf(issue: v.BaseIssue<unknown>): string {
  // a message of our own says what is wrong; valibot's own begin with "Invalid"
  if (!issue.message.startsWith('Invalid')) return issue.message;
  if (issue.expected === null) return `is ${issue.received}, which is not taken: change it`;
  if (issue.expected === 'never') return 'is not known: leave it out';
  if (issue.received === 'undefined') return `is missing: give ${issue.expected}`;
  return `is ${issue.received}: give ${issue.expected}`;
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
  const issue = deepest(result.issues[0]);
  throw fail('usage-document', { file, path: v.getDotPath(issue) ?? '', reason: reasonOf(issue) });
}

/** Of a value that fits none of several forms: the fault in the form that it is nearest to. */
function deepest(issue: v.BaseIssue<unknown>): v.BaseIssue<unknown> {
  const inner = issue.issues?.find(
    ({ path }) => path !== undefined && path.length > (issue.path?.length ?? 0),
  );
  return inner ?? issue;
}
