/** The built library in a real Chromium, loaded as a page would, gets the bytes that Node gets. */
import { createHash } from 'node:crypto';
import { type Browser, chromium, type Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { benchCaseNames } from '../../src/bench/index.ts';
import {
  type BenchDocument,
  fillContent,
  Guest,
  inspectStream,
  loadStream,
  parseSamples,
  parseWorkload,
  saveToMemory,
  unlimited,
} from '../../src/index.ts';
import { findCosts, parseScenario, runModel, scenarioDocument, withSetting } from '../../src/model/index.ts';
import { type PageServer, servePage } from '../support/page-server.ts';
import { LAST_RESORT_MS } from '../support/patience.ts';
import { requirement, testWith } from '../support/requirements.ts';

const BLOCKS = [
  { name: 'ram', bytes: 4 * 2 ** 20 },
  { name: 'rom', bytes: 8192 },
];
const SEED = 7;
const BENCH_BYTES = 2 ** 20;

const inChromium = suite('chromium');
const need = requirement('chromium');

let server: PageServer;
let browser: Browser | undefined;

inChromium.before(async () => {
  server = await servePage();
  if (!('path' in need)) return;
  browser = await chromium.launch({
    executablePath: need.path,
    timeout: LAST_RESORT_MS,
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
  page.setDefaultTimeout(LAST_RESORT_MS);
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

/** Calls a function of a module in the page, with its Content-Security-Policy if there is one. */
function inPage(name: string, args: object = {}, query = '', module = 'page.mjs'): Promise<unknown> {
  return withPage(query, (page) =>
    page.evaluate(`import('/test/browser/${module}').then((page) => page.${name}(${JSON.stringify(args)}))`),
  );
}

/** Scripts of the page's own, and no WebAssembly. */
const NO_WASM = `?csp=${encodeURIComponent("script-src 'self' 'unsafe-inline' 'unsafe-hashes'")}`;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

for (const shared of [false, true]) {
  // the page has no SharedArrayBuffer by name: it is not cross-origin isolated
  const where = shared ? 'in shared memory, in a page that is not isolated' : 'in memory of its own';
  testWith(inChromium, need, `saves and loads a guest as Node does, to the byte, ${where}`, () =>
    savesAndLoads(shared),
  );
}

async function savesAndLoads(shared: boolean): Promise<void> {
  const found = await inPage('saveAndLoad', { blocks: BLOCKS, seed: SEED, shared });
  const guest = new Guest(BLOCKS);
  const ram = guest.ram(guest.largestBlock());
  fillContent(ram, parseWorkload('idle'), SEED);
  const { stream, spans } = await saveToMemory(guest, { policy: unlimited });
  const loaded = loadStream(stream).guest;
  assert.is(sha256(loaded.ram(loaded.largestBlock())), sha256(ram));
  assert.equal(found, {
    is_isolated: false,
    is_shared: [shared, shared],
    stream: sha256(stream),
    ram: sha256(ram),
    pages: inspectStream(stream).pages,
    iterates: spans.list.length,
  });
}

testWith(
  inChromium,
  need,
  'answers the page all along while a running guest is saved in slices',
  async () => {
    const found = await inPage('saveRunning');
    const text = JSON.stringify(found);
    assert.match(text, '"is_same":true', 'the stream holds the RAM as it was when the guest was paused');
    assert.match(text, /"rewritten_pages":[1-9]/, 'the guest ran');
    assert.match(text, /"ticks":[1-9]/, "the page's own timer had its turns");
  },
);

testWith(inChromium, need, 'says what to do where the page forbids WebAssembly', async () => {
  assert.is(await inPage('initError', {}, NO_WASM), 'wasm-forbidden');
});

testWith(inChromium, need, 'measures all cases of the bench, with answers that it checks', async () => {
  const found = await inPage('bench', { size_bytes: BENCH_BYTES }, '', 'bench.mjs');
  assert.type(found, 'string');
  const text = String(found);
  const document: BenchDocument = JSON.parse(text);
  assert.equal(Object.keys(document), ['schema', 'version', 'commit', 'cases', 'machine']);
  assert.is(document.schema, 'pagepipe/bench/1');
  assert.equal(
    document.cases.map(({ name }) => name),
    benchCaseNames(BENCH_BYTES),
  );
  for (const { name, bytes, gb_per_s, samples } of document.cases) {
    assert.ok(Number.isInteger(bytes) && bytes > 0, name);
    assert.ok(samples.length >= 15, `${name}: ${samples.length} samples`);
    for (const rate of [...Object.values(gb_per_s), ...samples]) {
      assert.ok(rate > 0 && Number.isFinite(rate), `${name}: ${rate}`);
    }
  }
  assert.ok(parseSamples(text, 'page').length >= 15 * document.cases.length, 'compare reads it');
});

/**
 * Chromium keeps a number of over 31 bits in an object of 12 bytes or more on the heap. State in four fields took 36
 * bytes a draw (measured), and slowed synthetic guests to a tenth. What a draw returns may be one such object.
 */
const DRAW_BYTES_MAX = 20;
const DRAWS = 500_000;
/** Until its optimised code is there, everything allocates; it comes after so many draws, not after a time. */
const DRAW_ROUNDS_MAX = 20;

testWith(inChromium, need, 'a draw of the generator keeps its state off the heap', async () => {
  const allocated_bytes = await withPage('', async (page) => {
    const session = await page.context().newCDPSession(page);
    await page.evaluate("import('/test/browser/page.mjs').then((page) => { window.draw = page.draw; })");
    await session.send('HeapProfiler.startSampling', {
      samplingInterval: 4096,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    const rounds: number[] = [];
    let before = 0;
    do {
      await page.evaluate(`draw(${JSON.stringify({ draws: DRAWS, seed: SEED })})`);
      const { profile } = await session.send('HeapProfiler.getSamplingProfile');
      const all = profile.samples.reduce((sum, { size }) => sum + size, 0);
      rounds.push(all - before);
      before = all;
    } while ((rounds.at(-1) ?? 0) > DRAWS * DRAW_BYTES_MAX && rounds.length < DRAW_ROUNDS_MAX);
    return rounds;
  });
  assert.ok((allocated_bytes.at(-1) ?? 0) <= DRAWS * DRAW_BYTES_MAX, `bytes by round: ${allocated_bytes}`);
});

for (const name of ['thread-2011', 'busy-guest']) {
  testWith(
    inChromium,
    need,
    `models ${name} as Node does, to the last digit, without WebAssembly`,
    async () => {
      const settings = ['guest.size=256MiB', 'guest.content=48MiB'];
      const found = await inPage('model', { name, settings, seed: SEED }, NO_WASM, 'model.mjs');
      const document = settings.reduce<unknown>(withSetting, scenarioDocument(name));
      const scenario = parseScenario(document, name);
      assert.is(found, JSON.stringify(runModel({ scenario, costs: findCosts('host-2011'), seed: SEED })));
    },
  );
}

inChromium.run();
