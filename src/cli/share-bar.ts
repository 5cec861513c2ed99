/** A progress bar for work that knows only what share of it is done. */
import { formatMs } from '../units.ts';
import { TerminalBar } from './terminal-bar.ts';

/**
 * Shows how far a piece of work is, on a terminal only, while `work` runs. The time left is reckoned from the
 * first report on: what comes before it, such as making guests, goes at another pace.
 *
 * @example await withShareBar('measuring', (onProgress) => calibrate({ onProgress }));
 */
export async function withShareBar<T>(
  label: string,
  work: (onProgress: (share: number) => void) => Promise<T>,
): Promise<T> {
  let share = 0;
  let first: { readonly at_ms: number; readonly share: number } | undefined;
  const left = (): string => {
    if (first === undefined || share === first.share) return 'starting';
    const left_ms = ((performance.now() - first.at_ms) / (share - first.share)) * (1 - share);
    return `${formatMs(left_ms)} left`;
  };
  const bar = new TerminalBar({
    format: `${label} {bar} {percentage} % | {left}`,
    total: 1,
    done: () => share,
    words: () => ({ left: left() }),
  });
  try {
    return await work((done) => {
      share = done;
      first ??= { at_ms: performance.now(), share };
    });
  } finally {
    bar.stop();
  }
}
