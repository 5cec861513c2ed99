/** How tests wait: for events. A limit on time is the last resort, against what never comes. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The only limit on time in the tests: ten times what the slowest step needed on a slow machine that four endless
 * loops kept busy. A test that hangs fails by it, instead of a run that never ends.
 */
export const LAST_RESORT_MS = 300_000;
const POLL_MS = 5;

/** The work's result. @throws when it takes beyond all reason */
export async function inTime<T>(what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it hangs: ${what}`)), LAST_RESORT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until `look` finds something. @throws when that never comes */
export async function until<T>(what: string, look: () => T | undefined): Promise<T> {
  const deadline_ms = performance.now() + LAST_RESORT_MS;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (performance.now() > deadline_ms) throw new Error(`waited in vain for ${what}`);
    await sleep(POLL_MS);
  }
}

/** Waits until something is so. */
export async function eventually(what: string, isSo: () => boolean): Promise<void> {
  await until(what, () => (isSo() ? true : undefined));
}

/**
 * Returns when timers of the event loop have run so often: it lives, and whatever was to come at once has come. To
 * see that something does not happen, wait for this.
 */
export async function ticks(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await sleep(1);
}
