/** As much of JSON Schema (draft 7) as the published schemas say; any other keyword is an error. */
import type { Json } from './document.ts';

type Schema = Readonly<Record<string, unknown>>;

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function schemaOf(value: unknown): Schema {
  if (isSchema(value)) return value;
  throw new Error(`no schema: ${JSON.stringify(value)}`);
}

/** What says nothing about the value. */
const WORDS = new Set(['$schema', '$id', 'title', 'description', 'examples']);

const isEqual = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const isObject = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const TYPES: Readonly<Record<string, (value: Json) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  array: (value) => Array.isArray(value),
  object: isObject,
};

/** Each keyword: whether a value is as it says. It does not speak of values of other types. */
const KEYWORDS: Readonly<Record<string, (value: Json, said: unknown, schema: Schema) => boolean>> = {
  type: (value, said) => TYPES[String(said)]?.(value) ?? false,
  const: isEqual,
  enum: (value, said) => Array.isArray(said) && said.some((one) => isEqual(value, one)),
  anyOf: (value, said) => Array.isArray(said) && said.some((one) => isValid(value, schemaOf(one))),
  pattern: (value, said) => typeof value !== 'string' || new RegExp(String(said)).test(value),
  minLength: (value, said) => typeof value !== 'string' || value.length >= Number(said),
  minimum: (value, said) => typeof value !== 'number' || value >= Number(said),
  maximum: (value, said) => typeof value !== 'number' || value <= Number(said),
  minItems: (value, said) => !Array.isArray(value) || value.length >= Number(said),
  items: (value, said) =>
    !Array.isArray(value) ||
    !Array.isArray(said) ||
    value.every((item, i) => i >= said.length || isValid(item, schemaOf(said[i]))),
  additionalItems: (value, said, { items }) =>
    !Array.isArray(value) || said !== false || (Array.isArray(items) && value.length <= items.length),
  required: (value, said) =>
    !isObject(value) || (Array.isArray(said) && said.every((key) => Object.hasOwn(value, String(key)))),
  properties: (value, said) =>
    !isObject(value) ||
    Object.entries(schemaOf(said)).every(
      ([key, inner]) => value[key] === undefined || isValid(value[key], schemaOf(inner)),
    ),
  propertyNames: (value, said) =>
    !isObject(value) || Object.keys(value).every((key) => isValid(key, schemaOf(said))),
  additionalProperties: (value, said, { properties }) =>
    !isObject(value) ||
    Object.entries(value)
      .filter(([key]) => !isSchema(properties) || !Object.hasOwn(properties, key))
      .every(([, inner]) => said !== false && isValid(inner, schemaOf(said))),
};

/** Whether a value is as a schema says. */
export function isValid(value: Json, schema: Schema): boolean {
  return Object.entries(schema).every(([keyword, said]) => {
    if (WORDS.has(keyword)) return true;
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`the keyword ${keyword} is not known here`);
    return check(value, said, schema);
  });
}
