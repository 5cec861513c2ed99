/**
 * What the core may not be: anything that would touch memory that is not its own. It refuses every import
 * but the memory, every data section, every start function and every mutable global.
 *
 * Section ids and encodings: WebAssembly Core Specification, 5.5 Modules.
 */

const SECTION = { import: 2, global: 6, start: 8, data: 11, data_count: 12 };
const IMMUTABLE = 0;
const I32_CONST = 0x41;
const I64_CONST = 0x42;
const END = 0x0b;

/** Reads an unsigned LEB128 number at `at`; returns [value, the offset behind it]. A signed one is as long. */
function readU32(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at];
  }
}

/** The sections of a module, as { id, start, end } of their contents. */
function sections(bytes) {
  const found = [];
  let at = 8; // magic and version
  while (at < bytes.length) {
    const id = bytes[at];
    const [size, start] = readU32(bytes, at + 1);
    found.push({ id, start, end: start + size });
    at = start + size;
  }
  return found;
}

/**
 * The faults of a global section. All globals of ours are `i32.const n; end`; n is skipped as the number that
 * it is, since any of its bytes may look like `end`. Behind anything else nothing can be told for sure.
 */
function globalFaults(bytes, { start }) {
  let [count, at] = readU32(bytes, start);
  for (; count > 0; count--) {
    if (bytes[at + 1] !== IMMUTABLE) return ['has a mutable global'];
    const is_number = bytes[at + 2] === I32_CONST || bytes[at + 2] === I64_CONST;
    const [, end] = readU32(bytes, at + 3);
    if (!is_number || bytes[end] !== END) return ['has a global that is no whole number'];
    at = end + 1;
  }
  return [];
}

/**
 * The faults of a core module, as lines of text; none if it is good.
 *
 * @param {Uint8Array} bytes the module
 */
export function coreFaults(bytes) {
  const faults = [];
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
  for (const { module, name, kind } of imports) {
    const is_memory = module === 'env' && name === 'memory' && kind === 'memory';
    if (!is_memory) faults.push(`imports ${kind} ${module}.${name}`);
  }
  if (imports.length !== 1) faults.push(`has ${imports.length} imports, not just the memory`);
  const found = sections(bytes);
  const has = (...ids) => found.some(({ id }) => ids.includes(id));
  if (has(SECTION.data, SECTION.data_count)) faults.push('has a data section');
  if (has(SECTION.start)) faults.push('has a start function');
  for (const section of found)
    if (section.id === SECTION.global) faults.push(...globalFaults(bytes, section));
  return faults;
}
