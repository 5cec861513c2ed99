/** Checks of our own in a schema: each says what is wrong and, apart from it, what to do next. */
import * as v from 'valibot';

/**
 * A check of a value. An issue has one text; `expected`, which valibot itself leaves out here, carries the hint.
 *
 * @example v.pipe(v.number(), holds((value) => value % 2 === 0, 'is odd', 'give an even number'));
 */
export function holds<T>(isRight: (value: T) => boolean, what: string, hint: string) {
  return v.rawCheck<T>(({ dataset, addIssue }) => {
    if (dataset.typed && !isRight(dataset.value)) addIssue({ message: what, expected: hint });
  });
}

/** Of an issue of `holds`, or of a value that could not be transformed: what is wrong, and the hint. */
export function ownReason(
  issue: v.BaseIssue<unknown>,
): { readonly reason: string; readonly hint: string | undefined } | undefined {
  if (issue.type !== 'raw_check' && issue.type !== 'raw_transform') return undefined;
  return { reason: issue.message, hint: issue.expected ?? undefined };
}
