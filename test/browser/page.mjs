/** What the page does: uses the built library as any page would. */
import * as pagepipe from 'pagepipe';

async function sha256(bytes) {
  // digest takes no view on Wasm memory in every engine: a copy does everywhere
  const digest = await crypto.subtle.digest('SHA-256', bytes.slice());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Makes a guest, in memory that threads can share or not, saves it, loads it back into the same kind of memory. */
export async function saveAndLoad({ blocks, seed, shared }) {
  await pagepipe.init();
  const guest = new pagepipe.Guest(blocks, { shared });
  pagepipe.fillContent(guest.ram(guest.largestBlock()), pagepipe.parseWorkload('idle'), seed);
  const saved = await pagepipe.saveToMemory(guest, { policy: pagepipe.unlimited });
  const { guest: loaded } = pagepipe.loadStream(saved.stream, { shared });
  return {
    is_isolated: globalThis.crossOriginIsolated,
    is_shared: [guest.is_shared, loaded.is_shared],
    stream: await sha256(saved.stream),
    ram: await sha256(loaded.ram(loaded.largestBlock())),
    pages: pagepipe.inspectStream(saved.stream).pages,
    iterates: saved.spans.list.length,
  };
}

/** Saves a guest that goes on running, in slices and under a limit, while the page has a timer of its own. */
export async function saveRunning() {
  await pagepipe.init();
  const guest = new pagepipe.Guest([{ name: 'ram', bytes: 16 * 2 ** 20 }]);
  const block = guest.largestBlock();
  const spec = pagepipe.parseWorkload('steady,set=1MiB,dirty=8MiB/s');
  pagepipe.fillContent(guest.ram(block), spec, 1);
  const mark = (page) => guest.logWrite(block, page);
  const running = new pagepipe.Dirtier(() => guest.ram(block), spec, 1, mark);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 4);
  const policy = pagepipe.slice(pagepipe.window(40 * 2 ** 20), 2_000_000);
  const saved = await pagepipe.saveToMemory(guest, { policy, running, max_rounds: 4 });
  clearInterval(timer);
  const { guest: loaded } = pagepipe.loadStream(saved.stream);
  const back = loaded.ram(loaded.largestBlock());
  return {
    ticks,
    wall_ms: saved.wall_ns / 1e6,
    is_same: guest.ram(block).every((byte, i) => byte === back[i]),
    rewritten_pages: running.written_pages,
  };
}

/** The code of the error that init throws; undefined if it throws none. */
export async function initError() {
  try {
    await pagepipe.init();
    return undefined;
  } catch (error) {
    return error instanceof pagepipe.PagepipeError ? error.code : String(error);
  }
}

/** Draws so many numbers; their sum, so that no engine leaves the draws out. */
export function draw({ draws, seed }) {
  const random = new pagepipe.Prng(seed);
  let sum = 0;
  for (let i = 0; i < draws; i++) sum = (sum + random.nextU32()) | 0;
  return sum;
}
