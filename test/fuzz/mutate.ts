/**
 * Inputs with their fields, and what may be done to them. An edit keeps the fields right behind it, so that a
 * mutated input is mutated again by its structure and not as mere bytes.
 */
import type { Mark } from '../ref/stream.ts';
import type { Random } from './random.ts';

export interface Field {
  readonly what: string;
  readonly at: number;
  readonly bytes: number;
}

export interface Marked {
  readonly bytes: Uint8Array;
  /** In order; they do not overlap. */
  readonly fields: readonly Field[];
}

/** Inputs are kept small: what is read goes by their structure, not by their size. */
export const INPUT_BYTES_MAX = 96 * 1024;

/** Fields of marks: each ends where the next begins. */
export function marked(bytes: Uint8Array, marks: readonly Mark[]): Marked {
  const fields = marks.map(({ what, offset }, index) => {
    const end = marks[index + 1]?.offset ?? bytes.length;
    return { what, at: offset, bytes: end - offset };
  });
  return { bytes, fields: fields.filter((field) => field.bytes > 0) };
}

export function joined(...parts: readonly Marked[]): Marked {
  const fields: Field[] = [];
  let at = 0;
  for (const part of parts) {
    for (const field of part.fields) fields.push({ ...field, at: field.at + at });
    at += part.bytes.length;
  }
  return { bytes: new Uint8Array(Buffer.concat(parts.map((part) => part.bytes))), fields };
}

export function cutOut({ bytes, fields }: Marked, from: number, end: number): Marked {
  const inside = fields.filter((field) => field.at >= from && field.at + field.bytes <= end);
  return {
    bytes: bytes.slice(from, end),
    fields: inside.map((field) => ({ ...field, at: field.at - from })),
  };
}

/** What the field at an offset is; for the kind of place of an error. */
export function placeAt({ bytes, fields }: Marked, offset: number): string {
  if (offset >= bytes.length) return 'end';
  const field = fields.find(({ at, bytes: size }) => offset >= at && offset < at + size);
  return field?.what ?? 'nowhere';
}

function replaced(input: Marked, from: number, end: number, by: Marked): Marked {
  return joined(cutOut(input, 0, from), by, cutOut(input, end, input.bytes.length));
}

const unmarked = (bytes: Uint8Array): Marked => ({ bytes, fields: [] });

/** The same fields over bytes of which some are changed. */
function changed(input: Marked, change: (bytes: Uint8Array) => void): Marked {
  const bytes = input.bytes.slice();
  change(bytes);
  return { bytes, fields: input.fields };
}

function numberAt(bytes: Uint8Array, { at, bytes: size }: Field): bigint {
  return BigInt(`0x0${Buffer.from(bytes.subarray(at, at + size)).toString('hex')}`);
}

function putNumber(bytes: Uint8Array, { at, bytes: size }: Field, value: bigint, is_little: boolean): void {
  let rest = BigInt.asUintN(size * 8, value);
  for (let i = 0; i < size; i++) {
    bytes[is_little ? at + i : at + size - 1 - i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

const NUMBER_BYTES = [1, 2, 4, 8];
const WORD_FLAGS = [
  0x02n,
  0x04n,
  0x08n,
  0x10n,
  0x20n,
  0x22n,
  0x28n,
  0x40n,
  0x60n,
  0x80n,
  0x100n,
  0x0n,
] as const;

type Mutation = (input: Marked, random: Random, other: Marked) => Marked;

function numbers(input: Marked): Field[] {
  return input.fields.filter((field) => NUMBER_BYTES.includes(field.bytes));
}

function newValue(input: Marked, field: Field, random: Random): bigint {
  const old = numberAt(input.bytes, field);
  const bits = BigInt(field.bytes * 8);
  const other = random.pickAny(numbers(input)) ?? field;
  switch (random.below(13)) {
    case 0:
      return 0n;
    case 1:
      return 1n;
    case 2:
      return -1n - BigInt(random.below(2));
    case 3:
      return (1n << (bits - 1n)) - BigInt(random.below(2));
    case 4:
      return old + 1n;
    case 5:
      return old - 1n;
    case 6:
      return old + 4096n * BigInt(random.between(-2, 2));
    case 7:
      return numberAt(input.bytes, other);
    case 8:
      return 1n << BigInt(random.below(field.bytes * 8));
    case 9:
      return (1n << BigInt(random.below(field.bytes * 8))) - 1n;
    case 10:
      // as far as the input goes, and near that
      return BigInt(input.bytes.length - field.at + random.between(-9, 9));
    case 11:
      return old ^ (1n << BigInt(random.below(field.bytes * 8)));
    default:
      return BigInt(random.u32()) * (random.chance(0.5) ? 1n : 4096n);
  }
}

const setField: Mutation = (input, random) => {
  const field = random.pickAny(numbers(input));
  if (field === undefined) return input;
  const value = newValue(input, field, random);
  // libvirt's heads are little-endian, all else is not
  const is_little = random.chance(field.what.startsWith('libvirt') ? 0.6 : 0.03);
  return changed(input, (bytes) => putNumber(bytes, field, value, is_little));
};

/** A record's word, with other flags on the same page. */
const setFlags: Mutation = (input, random) => {
  const words = input.fields.filter((field) => field.bytes === 8);
  const field = random.pickAny(words);
  if (field === undefined) return setField(input, random, input);
  const flags = random.chance(0.8) ? random.pick(WORD_FLAGS) : BigInt(random.below(4096));
  const value = (numberAt(input.bytes, field) & ~0xfffn) | flags;
  return changed(input, (bytes) => putNumber(bytes, field, value, false));
};

const SPECIAL_BYTES = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 0x0a, 0x1b, 0x22, 0x7e, 0x7f, 0x80, 0x85, 0x9b, 0xff,
] as const;

/** A byte in a field of any size: long fields come no more often than short ones. */
const setByte: Mutation = (input, random) => {
  const field = random.pickAny(input.fields);
  const at = field === undefined ? random.below(input.bytes.length) : field.at + random.below(field.bytes);
  const byte = random.chance(0.5) ? random.pick(SPECIAL_BYTES) : random.u32() & 0xff;
  return changed(input, (bytes) => {
    bytes[at] = random.chance(0.5) ? byte : (bytes[at] ?? 0) ^ (1 << random.below(8));
  });
};

/** Where elements begin, and where the input ends. */
function boundary(input: Marked, random: Random, what?: string): number {
  const fields = what === undefined ? input.fields : input.fields.filter((field) => field.what === what);
  const index = random.below(fields.length + 1);
  return fields[index]?.at ?? input.bytes.length;
}

const truncate: Mutation = (input, random) => {
  const at = random.chance(0.7) ? boundary(input, random) : random.below(input.bytes.length + 1);
  const near = Math.max(0, Math.min(input.bytes.length, at + random.between(-2, 2)));
  return cutOut(input, 0, near);
};

/** Two boundaries of the kind that sections or records begin with, or any. */
function span(input: Marked, random: Random): [number, number] {
  const kind = random.pick([
    undefined,
    undefined,
    'section',
    'record',
    'block-name',
    'mapped-version',
  ] as const);
  const one = boundary(input, random, kind);
  const two = random.chance(0.5) ? boundary(input, random, kind) : nextBoundary(input, one, kind);
  return one < two ? [one, two] : [two, one];
}

function nextBoundary(input: Marked, from: number, what: string | undefined): number {
  const next = input.fields.find((field) => field.at > from && (what === undefined || field.what === what));
  return next?.at ?? input.bytes.length;
}

const drop: Mutation = (input, random) => {
  const [from, end] = span(input, random);
  return replaced(input, from, end, unmarked(new Uint8Array(0)));
};

const repeat: Mutation = (input, random) => {
  const [from, end] = span(input, random);
  const part = cutOut(input, from, end);
  const times = random.chance(0.9) ? 1 : random.between(2, 40);
  const fits = Math.floor((INPUT_BYTES_MAX - input.bytes.length) / Math.max(1, part.bytes.length));
  const copies = Array.from({ length: Math.min(times, Math.max(0, fits)) }, () => part);
  return replaced(input, end, end, joined(...copies));
};

const swap: Mutation = (input, random) => {
  const [from, end] = span(input, random);
  const middle = nextBoundary(input, from, undefined);
  if (middle >= end) return input;
  return replaced(input, from, end, joined(cutOut(input, middle, end), cutOut(input, from, middle)));
};

/** The begin of one input, and another's rest from an element of the same kind where there is one. */
const splice: Mutation = (input, random, other) => {
  const at = boundary(input, random);
  const kind = random.chance(0.7) ? placeAt(input, at) : undefined;
  return joined(cutOut(input, 0, at), cutOut(other, boundary(other, random, kind), other.bytes.length));
};

/** Elements of another input between two of this. */
const graft: Mutation = (input, random, other) => {
  const [from, end] = span(other, random);
  const at = boundary(input, random);
  return replaced(input, at, at, cutOut(other, from, end));
};

const insert: Mutation = (input, random) => {
  const at = random.chance(0.7) ? boundary(input, random) : random.below(input.bytes.length + 1);
  const bytes = random.bytes(random.chance(0.8) ? random.between(1, 9) : random.between(10, 300));
  if (random.chance(0.3)) bytes.fill(random.pick(SPECIAL_BYTES));
  return replaced(input, at, at, unmarked(bytes));
};

/** A field made longer or shorter; with its length byte, where it is a name, or without. */
const stretch: Mutation = (input, random) => {
  const named = input.fields.filter((field) => field.what.includes('name') || field.what.includes('idstr'));
  const field = random.pickAny(named);
  if (field === undefined) return insert(input, random, input);
  const length = random.chance(0.3) ? 255 : random.between(0, 40);
  const name = random.chance(0.5)
    ? random.bytes(length)
    : new Uint8Array(length).fill(random.pick(SPECIAL_BYTES));
  const stated = random.chance(0.8) ? length : random.u32() & 0xff;
  const bytes = Uint8Array.of(stated, ...name);
  const by = { bytes, fields: [{ what: field.what, at: 0, bytes: bytes.length }] };
  return replaced(input, field.at, field.at + field.bytes, by);
};

/** Structure first; the weights are how often each stands here. */
const MUTATIONS: readonly [Mutation, ...Mutation[]] = [
  setField,
  ...[setField, setField, setField, setFlags, setByte, setByte],
  ...[truncate, drop, repeat, swap, splice, graft, insert, stretch],
];

/** One to a few changes; `other` gives pieces. */
export function mutate(input: Marked, random: Random, other: Marked): Marked {
  let result = input;
  const changes = random.chance(0.55) ? 1 : random.between(2, 5);
  for (let i = 0; i < changes; i++) result = random.pick(MUTATIONS)(result, random, other);
  return result.bytes.length > INPUT_BYTES_MAX ? cutOut(result, 0, INPUT_BYTES_MAX) : result;
}
