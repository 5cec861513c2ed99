/** One fresh process of bench/start: prints how many milliseconds went by until the first page was a record. */
const before_ms = performance.now();
const { Guest, initSync, openOutput } = await import('../src/index.ts');
const loaded_ms = performance.now();
initSync();
const guest = new Guest([{ name: 'ram', bytes: 2 ** 20 }]);
const output = openOutput(guest);
guest.markAllDirty();
if (output.encode(0, output.staging_bytes, 1) === 0) throw new Error('nothing was encoded');
const encoded_ms = performance.now();
process.stdout.write(JSON.stringify({ load_ms: loaded_ms - before_ms, first_ms: encoded_ms - loaded_ms }));
