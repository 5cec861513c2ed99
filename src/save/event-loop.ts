/** The real world's clock, and its event loop: in Node and in a page alike. */
import type { Clock } from './interfaces.ts';

/** Integer nanoseconds since the program or page began; exact to what performance.now gives. */
export const systemClock: Clock = { now: () => Math.round(performance.now() * 1e6) };

/**
 * Gives everything else that is due its turn: timers, sockets, input. A resolved promise would not, its
 * callbacks run before any of these; a timer of 0 waits 1 ms in Node and 4 ms in a page.
 */
export const nextTurn: () => Promise<void> =
  typeof setImmediate === 'function'
    ? () => new Promise((resolve) => setImmediate(resolve))
    : () =>
        new Promise((resolve) => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => {
            port1.close();
            resolve();
          };
          port2.postMessage(null);
        });

/** Waits until the clock says `at_ns`, or until the signal is aborted. */
export function sleepUntil(clock: Clock, at_ns: number, signal: AbortSignal | undefined): Promise<void> {
  const wait_ms = Math.ceil((at_ns - clock.now()) / 1e6);
  if (wait_ms <= 0 || signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, wait_ms);
    signal?.addEventListener('abort', wake);
  });
}
