/** Both sides of a comparison, and a case in words. */
import type { CompareDocument, Side } from '../results/compare.ts';
import type { Case } from '../results/samples.ts';

import { printable } from './table.ts';

/** A value for each side. */
export type Sides<T> = Readonly<Record<Side, T>>;

/** Options in words; those that are not set are left out. */
export function describe(of: Case): string {
  return Object.entries(of)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => printable(`${key} ${value}`))
    .join(', ');
}

/** A name for every case: what tells them apart. */
export function labelsOf({ cases, only_base, only_new }: CompareDocument): (of: Case) => string {
  const all = [...cases.map((one) => one.case), ...only_base, ...only_new];
  const keys = [...new Set(all.flatMap((of) => Object.keys(of)))];
  const valuesOf = (key: string): number => new Set(all.map((of) => String(of[key]))).size;
  const single = keys.find((key) => valuesOf(key) === all.length);
  const telling = single === undefined ? keys.filter((key) => valuesOf(key) > 1) : [single];
  return (of) =>
    single !== undefined && typeof of[single] === 'string'
      ? printable(of[single])
      : printable(telling.map((key) => `${key}=${of[key] ?? 'none'}`).join(' '));
}
