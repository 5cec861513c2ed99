import { fail } from '../errors.ts';
import type { Policy } from './policy.ts';

/** QEMU's period for counting a bandwidth limit (migration/migration.c, BUFFER_DELAY). */
export const WINDOW_NS = 100_000_000;
const WINDOWS_PER_S = 10;

/**
 * QEMU's limit: a budget of bytes for each window of 100 ms; what is not used is lost with its window.
 *
 * The budget is tested before a record and not within it, as in QEMU (migration/ram.c tests
 * migration_rate_exceeded before each page), so a window may go over by less than one record. Two things
 * differ from QEMU, which divides by 10, drops the rest and starts a window when the loop next comes by:
 * here the windows stand on a grid from the start, and the rest of the division is spread over ten of
 * them, so that ten windows are the rate to the byte. A rate under 10 bytes a second, which QEMU takes as
 * no limit, is one byte in some windows, so one record.
 *
 * @param limit_bytes_per_s a positive whole number
 * @throws `usage-limit` for any other
 * @example window(1_000)(0).allowance(0); // 100
 */
export function window(limit_bytes_per_s: number): Policy {
  if (!Number.isSafeInteger(limit_bytes_per_s) || limit_bytes_per_s <= 0) {
    throw fail('usage-limit', { limit_bytes_per_s });
  }
  const whole_bytes = Math.floor(limit_bytes_per_s / WINDOWS_PER_S);
  const rest_bytes = limit_bytes_per_s % WINDOWS_PER_S;

  const budget = (index: number): number => {
    const in_second = index % WINDOWS_PER_S;
    const rest_before = Math.floor((in_second * rest_bytes) / WINDOWS_PER_S);
    const rest_after = Math.floor(((in_second + 1) * rest_bytes) / WINDOWS_PER_S);
    return whole_bytes + rest_after - rest_before;
  };

  return (start_ns) => {
    /** The window that `spent_bytes` belongs to, counted from the start. */
    let spent_index = 0;
    let spent_bytes = 0;
    const indexAt = (now_ns: number): number => Math.floor((now_ns - start_ns) / WINDOW_NS);
    const spentIn = (index: number): number => (index === spent_index ? spent_bytes : 0);
    return {
      name: 'window',
      turn() {},
      allowance(now_ns) {
        const index = indexAt(now_ns);
        return budget(index) - spentIn(index);
      },
      spend(now_ns, bytes) {
        const index = indexAt(now_ns);
        spent_bytes = spentIn(index) + bytes;
        spent_index = index;
      },
      resumeAt(now_ns) {
        let index = indexAt(now_ns);
        if (budget(index) > spentIn(index)) return now_ns;
        do index++;
        while (budget(index) === 0);
        return start_ns + index * WINDOW_NS;
      },
      mustReturn: () => false,
    };
  };
}
