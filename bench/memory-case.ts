/** One save in a process of its own, for its peak of memory: prints what it had before and at most as JSON. */
import { readFileSync, writeFileSync } from 'node:fs';
import { Dirtier, parseWorkload, saveTo, tokenBucket, unlimited, XBZRLE_CACHE_BYTES } from '../src/node.ts';
import { fillWritten, writtenGuest } from './ram-images.ts';

const NOWHERE = 'exec:cat >/dev/null';
const TO_COMMAND = { via: 'pipe', direct: false, force: false } as const;
/** Slow enough that the guest writes pages anew while it is saved. */
const XBZRLE_BYTES_PER_S = 2 ** 30;
const WORKLOAD = 'steady,set=256MiB,dirty=200MiB/s,change=word';

/** A line of proc(5)'s status, in bytes. */
function statusBytes(name: string): number {
  const [, kib = 'NaN'] =
    new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kib) * 1024;
}

const guest = writtenGuest('ram');
fillWritten(guest, 'normal');
const block = guest.largestBlock();
const is_xbzrle = process.argv[2] === 'xbzrle';
const running = new Dirtier(
  () => guest.ram(block),
  parseWorkload(WORKLOAD),
  1,
  (page) => guest.logWrite(block, page),
);
// proc(5): 5 sets the peak to what it is now
writeFileSync('/proc/self/clear_refs', '5');
const before_bytes = statusBytes('VmRSS');
const saved = is_xbzrle
  ? await saveTo(guest, NOWHERE, {
      ...TO_COMMAND,
      policy: tokenBucket(XBZRLE_BYTES_PER_S),
      running,
      downtime_limit_ns: 1e6,
      max_rounds: 4,
      xbzrle_cache_bytes: XBZRLE_CACHE_BYTES,
    })
  : await saveTo(guest, NOWHERE, { ...TO_COMMAND, policy: unlimited });
const peak_bytes = statusBytes('VmHWM');
const cache_bytes = is_xbzrle ? XBZRLE_CACHE_BYTES : 0;
const xbzrle_pages = saved.xbzrle_cache?.pages ?? 0;
process.stdout.write(JSON.stringify({ before_bytes, peak_bytes, cache_bytes, xbzrle_pages }));
