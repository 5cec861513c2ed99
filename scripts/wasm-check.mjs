/**
 * What the core may not be: anything that would touch memory that is not its own. It refuses every import
 * but the memory, every data section, every start function and every mutable global.
 *
 * Section ids and encodings: WebAssembly Core Specification, 5.5 Modules.
 */

const SECTION = { import: 2, global: 6, start: 8, data: 11, data_count: 12 };
const MUTABLE = 1;

/** Reads an unsigned LEB128 number at `at`; returns [value, the offset behind it]. */
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

/** Whether a global section declares a mutable global; all of ours are `i32.const n; end`. */
function hasMutableGlobal(bytes, { start }) {
  let [count, at] = readU32(bytes, start);
  for (; count > 0; count--) {
    if (bytes[at + 1] === MUTABLE) return true;
    while (bytes[at] !== 0x0b) at++; // to the `end` of the initialiser
    at++;
  }
  return false;
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
    if (`${module}.${name}` !== 'env.memory') faults.push(`imports ${kind} ${module}.${name}`);
  }
  if (imports.length !== 1) faults.push(`has ${imports.length} imports, not just the memory`);
  for (const section of sections(bytes)) {
    if (section.id === SECTION.data || section.id === SECTION.data_count) faults.push('has a data section');
    if (section.id === SECTION.start) faults.push('has a start function');
    if (section.id === SECTION.global && hasMutableGlobal(bytes, section))
      faults.push('has a mutable global');
  }
  return faults;
}
