import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BUILDS } from '../support/core-builds.ts';

interface WasmCheck {
  coreFaults(bytes: Uint8Array): string[];
}

const wasm_check: WasmCheck = await import(new URL('../../scripts/wasm-check.mjs', import.meta.url).href);

/** A section of a module: its id, its size, its bytes (all under 128, so one LEB128 byte each). */
function section(id: number, ...content: number[]): number[] {
  return [id, content.length, ...content];
}

function text(name: string): number[] {
  return [name.length, ...Buffer.from(name)];
}

function wasm(...sections: number[][]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...Buffer.from('\0asm'), 1, 0, 0, 0, ...sections.flat()]);
}

// WebAssembly Core Specification, 5.5: limits without a maximum, one page
const MEMORY = [...text('env'), ...text('memory'), 0x02, 0x00, 0x01];
const IMPORT_MEMORY = section(2, 1, ...MEMORY);
/** Type 0: no parameters, no result. */
const TYPE = section(1, 1, 0x60, 0, 0);
const FUNCTION = section(3, 1, 0);
/** One body: no locals, end. */
const CODE = section(10, 1, 2, 0, 0x0b);
const START = section(8, 0);
/** `i32.const 0; end`, immutable or mutable. */
const CONSTANT = [0x7f, 0x00, 0x41, 0x00, 0x0b];
const VARIABLE = [0x7f, 0x01, 0x41, 0x00, 0x0b];
/** One byte at address 0. */
const ACTIVE_DATA = section(11, 1, 0x00, 0x41, 0x00, 0x0b, 1, 0x2a);
const DATA_COUNT = section(12, 1);
/** One byte that memory.init would copy. */
const PASSIVE_DATA = section(11, 1, 0x01, 1, 0x2a);

for (const build of BUILDS) {
  test(`${build.name}: nothing but the memory import; no data, no start, no mutable global`, () => {
    assert.equal(wasm_check.coreFaults(build.wasm), []);
  });

  test(`${build.name}: the engine sees one import, the memory, and exports no memory or table`, () => {
    const imports = WebAssembly.Module.imports(build.module);
    assert.equal(
      imports.map(({ module, name, kind }) => [module, name, kind]),
      [['env', 'memory', 'memory']],
    );
    const kinds = new Set(WebAssembly.Module.exports(build.module).map(({ kind }) => kind));
    assert.equal([...kinds].sort(), ['function', 'global']);
  });

  test(`${build.name}: every exported global is a number that nobody can change`, () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: build.shared });
    const { exports } = new WebAssembly.Instance(build.module, { env: { memory } });
    for (const [name, value] of Object.entries(exports)) {
      if (!(value instanceof WebAssembly.Global)) continue;
      assert.throws(() => {
        value.value = 0;
      }, TypeError);
      assert.type(value.value, 'number', name);
    }
  });

  test(`${build.name}: a new instance changes no byte of its memory`, () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: build.shared });
    const bytes = new Uint8Array(memory.buffer).fill(0x5a);
    new WebAssembly.Instance(build.module, { env: { memory } });
    assert.ok(bytes.every((byte) => byte === 0x5a));
  });
}

test('the check lets a module of a memory import and constants pass', () => {
  assert.equal(wasm_check.coreFaults(wasm(IMPORT_MEMORY)), []);
  const constants = section(6, 2, ...CONSTANT, ...CONSTANT);
  assert.equal(wasm_check.coreFaults(wasm(TYPE, IMPORT_MEMORY, FUNCTION, constants, CODE)), []);
});

test('the check refuses data, of either kind', () => {
  assert.equal(wasm_check.coreFaults(wasm(IMPORT_MEMORY, ACTIVE_DATA)), ['has a data section']);
  const faults = wasm_check.coreFaults(wasm(IMPORT_MEMORY, DATA_COUNT, PASSIVE_DATA));
  assert.equal(faults, ['has a data section']);
});

test('the check refuses a start function', () => {
  const module = wasm(TYPE, IMPORT_MEMORY, FUNCTION, START, CODE);
  assert.equal(wasm_check.coreFaults(module), ['has a start function']);
});

test('the check refuses a mutable global, also behind a constant', () => {
  for (const globals of [section(6, 1, ...VARIABLE), section(6, 2, ...CONSTANT, ...VARIABLE)]) {
    assert.equal(wasm_check.coreFaults(wasm(IMPORT_MEMORY, globals)), ['has a mutable global']);
  }
});

test('the check reads a constant as a number, also one with a byte that is the code of `end`', () => {
  // 11 as LEB128 is 0x0b itself, 2^31 - 1 has five bytes; the constant behind is not to be misread
  const eleven = [0x7f, 0x00, 0x41, 0x0b, 0x0b];
  const largest = [0x7f, 0x00, 0x41, 0xff, 0xff, 0xff, 0xff, 0x07, 0x0b];
  const wide = [0x7e, 0x00, 0x42, 0x0b, 0x0b];
  for (const constant of [eleven, largest, wide]) {
    const constants = section(6, 2, ...constant, ...CONSTANT);
    assert.equal(wasm_check.coreFaults(wasm(IMPORT_MEMORY, constants)), []);
    const mutable = section(6, 2, ...constant, ...VARIABLE);
    assert.equal(wasm_check.coreFaults(wasm(IMPORT_MEMORY, mutable)), ['has a mutable global']);
  }
});

test('the check does not guess what a global is that begins with no number', () => {
  const reference = [0x70, 0x00, 0xd0, 0x70, 0x0b];
  const faults = wasm_check.coreFaults(wasm(IMPORT_MEMORY, section(6, 2, ...reference, ...VARIABLE)));
  assert.equal(faults, ['has a global that is no whole number']);
});

test('the check refuses something else under the name of the memory', () => {
  const function_memory = [...text('env'), ...text('memory'), 0x00, 0x00];
  assert.equal(wasm_check.coreFaults(wasm(TYPE, section(2, 1, ...function_memory))), [
    'imports function env.memory',
  ]);
});

test('the check refuses every other import, and a module that imports nothing', () => {
  const abort = [...text('env'), ...text('abort'), 0x00, 0x00];
  assert.equal(wasm_check.coreFaults(wasm(TYPE, section(2, 2, ...MEMORY, ...abort))), [
    'imports function env.abort',
    'has 2 imports, not just the memory',
  ]);
  const global = [...text('env'), ...text('now'), 0x03, 0x7f, 0x00];
  assert.equal(wasm_check.coreFaults(wasm(section(2, 1, ...global))), ['imports global env.now']);
  assert.equal(wasm_check.coreFaults(wasm()), ['has 0 imports, not just the memory']);
});

test.run();
