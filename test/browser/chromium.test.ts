/** The built library in a real Chromium, loaded as a page would, gets the bytes that Node gets. */
import { createHash } from 'node:crypto';
import { type Browser, chromium, type Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  fillContent,
  Guest,
  inspectStream,
  loadStream,
  parseWorkload,
  saveToMemory,
  unlimited,
} from '../../src/index.ts';
import { type PageServer, servePage } from '../support/page-server.ts';
import { requirement, testWith } from '../support/requirements.ts';

const GUEST_BYTES = 4 * 2 ** 20;
const SEED = 7;

const inChromium = suite('chromium');
const need = requirement('chromium');

let server: PageServer;
let browser: Browser | undefined;

inChromium.before(async () => {
  server = await servePage();
  if (!('path' in need)) return;
  browser = await chromium.launch({
    executablePath: need.path,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
});

inChromium.after(async () => {
  await browser?.close();
  await server.close();
});

/** Opens the page, runs `use`, and fails on anything that the page complains of. */
async function withPage<T>(query: string, use: (page: Page) => Promise<T>): Promise<T> {
  if (browser === undefined) throw new Error('there is no browser');
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  try {
    await page.goto(server.url + query);
    const result = await use(page);
    assert.equal(complaints, []);
    return result;
  } finally {
    await page.close();
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

testWith(inChromium, need, 'saves and loads a guest as Node does, to the byte', async () => {
  const found = await withPage('', (page) =>
    page.evaluate(
      async ({ guest_bytes, seed }) => {
        const entry = '/dist/index.js';
        const pagepipe = await import(entry);
        const hash = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> => {
          const digest = await crypto.subtle.digest('SHA-256', bytes);
          return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
        };
        await pagepipe.init();
        const guest = new pagepipe.Guest([
          { name: 'ram', bytes: guest_bytes },
          { name: 'rom', bytes: 8192 },
        ]);
        const [ram] = guest.blocks;
        pagepipe.fillContent(guest.ram(ram), pagepipe.parseWorkload('idle'), seed);
        const saved = await pagepipe.saveToMemory(guest, { policy: pagepipe.unlimited });
        const loaded = pagepipe.loadStream(saved.stream);
        return {
          stream: await hash(saved.stream.slice()),
          ram: await hash(loaded.guest.ram(loaded.guest.blocks[0]).slice()),
          pages: pagepipe.inspectStream(saved.stream).pages,
          iterates: saved.spans.list.length,
        };
      },
      { guest_bytes: GUEST_BYTES, seed: SEED },
    ),
  );
  const guest = new Guest([
    { name: 'ram', bytes: GUEST_BYTES },
    { name: 'rom', bytes: 8192 },
  ]);
  const ram = guest.ram(guest.largestBlock());
  fillContent(ram, parseWorkload('idle'), SEED);
  const { stream, spans } = await saveToMemory(guest, { policy: unlimited });
  const loaded = loadStream(stream).guest;
  assert.is(found.stream, sha256(stream));
  assert.is(found.ram, sha256(ram));
  assert.is(found.ram, sha256(loaded.ram(loaded.largestBlock())));
  assert.equal(found.pages, inspectStream(stream).pages);
  assert.is(found.iterates, spans.list.length);
});

testWith(
  inChromium,
  need,
  'answers the page all along while a running guest is saved in slices',
  async () => {
    const found = await withPage('', (page) =>
      page.evaluate(async () => {
        const entry = '/dist/index.js';
        const pagepipe = await import(entry);
        await pagepipe.init();
        const guest = new pagepipe.Guest([{ name: 'ram', bytes: 64 * 2 ** 20 }]);
        const ram = guest.ram(guest.largestBlock());
        const spec = pagepipe.parseWorkload('steady,set=8MiB,dirty=200MiB/s');
        pagepipe.fillContent(ram, spec, 1);
        const view = () => guest.ram(guest.largestBlock());
        const mark = (dirty: number) => guest.logWrite(guest.largestBlock(), dirty);
        const running = new pagepipe.Dirtier(view, spec, 1, mark);
        let ticks = 0;
        const timer = setInterval(() => ticks++, 4);
        const policy = pagepipe.slice(pagepipe.window(200 * 2 ** 20), 2_000_000);
        const saved = await pagepipe.saveToMemory(guest, { policy, running, max_rounds: 4 });
        clearInterval(timer);
        const loaded = pagepipe.loadStream(saved.stream).guest;
        const back = loaded.ram(loaded.largestBlock());
        const same = view().every((byte: number, i: number) => byte === back[i]);
        return { ticks, same, max_ms: saved.blackout.summary_ms().max, wall_ms: saved.wall_ns / 1e6 };
      }),
    );
    assert.ok(found.same, 'the stream holds the RAM as it was when the guest was paused');
    assert.ok(found.ticks > 0, `the page's own timer had ${found.ticks} turns in ${found.wall_ms} ms`);
  },
);

testWith(inChromium, need, 'says what to do where the page forbids WebAssembly', async () => {
  const csp = encodeURIComponent("script-src 'self' 'unsafe-inline'");
  const code = await withPage(`?csp=${csp}`, (page) =>
    page.evaluate(async () => {
      const entry = '/dist/index.js';
      const pagepipe = await import(entry);
      try {
        await pagepipe.init();
        return 'compiled';
      } catch (error) {
        return error instanceof pagepipe.PagepipeError && error instanceof Error && 'code' in error
          ? error.code
          : String(error);
      }
    }),
  );
  assert.is(code, 'wasm-forbidden');
});

inChromium.run();
