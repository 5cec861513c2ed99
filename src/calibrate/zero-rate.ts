/** How fast this core goes through zero pages on this machine. */
import { Guest } from '../guest/guest.ts';
import { openOutput } from '../save/output/open-output.ts';

const GUEST_BYTES = 64 * 2 ** 20;
const PASSES = 9;
const ENCODE_PAGES_MAX = 1024;

/** Bytes of zero RAM a second through the encoder, the median of nine passes over 64 MiB that were written. */
export function measureZeroRate(): number {
  const guest = new Guest([{ name: 'ram', bytes: GUEST_BYTES }]);
  const output = openOutput(guest);
  // a page that was never written would be the kernel's one zero page, and in the cache
  guest.ram(guest.largestBlock()).fill(1).fill(0);
  const passes_ms = Array.from({ length: PASSES }, () => {
    guest.markAllDirty();
    const before_ms = performance.now();
    while (guest.dirty_pages > 0) output.encode(0, output.staging_bytes, ENCODE_PAGES_MAX);
    return performance.now() - before_ms;
  }).sort((a, b) => a - b);
  return (GUEST_BYTES * 1000) / (passes_ms[(PASSES - 1) / 2] ?? 1);
}
