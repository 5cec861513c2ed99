/** The JSON that QEMU puts behind the device sections: what each is made of, with sizes. */

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Subsections within subsections: QEMU's go three deep; a text that goes deeper is not its own. */
const DEPTH_MAX = 16;

function member(value: Json | undefined, key: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.entries(value).find(([name]) => name === key)?.[1];
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function count(value: Json | undefined): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function parseJson(bytes: Uint8Array): Json | undefined {
  try {
    const parsed: Json = JSON.parse(new TextDecoder().decode(bytes));
    return parsed;
  } catch {
    return undefined;
  }
}

/** Bytes of a described device: its fields, and its subsections with their heads `05 idstr version`. */
function describedBytes(device: Json, depth: number): number {
  let bytes = 0;
  for (const field of list(member(device, 'fields'))) {
    // an array of equal elements is described by its first (vmstate.c, vmsd_can_compress)
    const elements = member(field, 'array_len');
    bytes += count(member(field, 'size')) * (elements === undefined ? 1 : count(elements));
  }
  if (depth === DEPTH_MAX) return bytes;
  for (const subsection of list(member(device, 'subsections'))) {
    const name = member(subsection, 'vmsd_name');
    const name_bytes = typeof name === 'string' ? name.length : 0;
    bytes += 1 + 1 + name_bytes + 4 + describedBytes(subsection, depth + 1);
  }
  return bytes;
}

/** The described devices, taken one after the other as their sections come. */
export class DescribedDevices {
  /** The guest's page size, where the description says it (migration/savevm.c, qemu_savevm_state_complete_precopy). */
  readonly page_bytes: number | undefined;
  readonly #devices: readonly Json[];
  #next = 0;

  /** @param text undefined where there is no description; one that cannot be read describes nothing */
  constructor(text: Uint8Array | undefined) {
    const described = text === undefined ? undefined : parseJson(text);
    const page_size = member(described, 'page_size');
    this.page_bytes = typeof page_size === 'number' ? page_size : undefined;
    this.#devices = list(member(described, 'devices'));
  }

  /** How long the body of a device's section is by the description; undefined if that does not name it. */
  take(name: string, instance: number): number | undefined {
    const device = this.#devices[this.#next];
    if (member(device, 'name') !== name || member(device, 'instance_id') !== instance) return undefined;
    this.#next++;
    return device === undefined ? undefined : describedBytes(device, 0);
  }
}
