/** Ratios as people read them. */

import { hasInterval, type SureRatio } from '../results/compare.ts';
import { formatCount } from '../units.ts';

/** Three digits that count; what has no ratio was 0 before. */
export function formatRatio(ratio: number | null): string {
  if (ratio === null) return 'from 0';
  if (ratio >= 99.95) return `${formatCount(Math.round(ratio))}x`;
  if (ratio >= 9.995) return `${ratio.toFixed(1)}x`;
  if (ratio >= 0.0995 || ratio === 0) return `${ratio.toFixed(2)}x`;
  return ratio < 0.001 ? '<0.001x' : `${ratio.toFixed(3)}x`;
}

export function formatInterval({ low, high }: SureRatio): string {
  if (low === null) return '';
  return high === null ? `${formatRatio(low)} or more` : `${formatRatio(low)} to ${formatRatio(high)}`;
}

/** A ratio, and in brackets how sure it is. */
export function formatCertainty(figure: SureRatio): string {
  return `${formatRatio(figure.ratio)} (${hasInterval(figure) ? formatInterval(figure) : 'no interval'})`;
}
