/** Documents with one value changed, and what the refusal of one says. */
import { PagepipeError } from '../../src/errors.ts';

/** Any value of JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

type JsonObject = { readonly [key: string]: Json };

export const isJsonObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A document as it is read from a file. */
export function asJson(document: object): Json {
  return JSON.parse(JSON.stringify(document));
}

/** The paths of all values that are no objects. */
export function leavesOf(document: Json, path = ''): string[] {
  if (!isJsonObject(document)) return [path];
  return Object.entries(document).flatMap(([key, value]) =>
    leavesOf(value, path === '' ? key : `${path}.${key}`),
  );
}

/** The paths of all objects but the document itself. */
export function objectsOf(document: Json, path = ''): string[] {
  if (!isJsonObject(document)) return [];
  const inner = Object.entries(document).flatMap(([key, value]) =>
    objectsOf(value, path === '' ? key : `${path}.${key}`),
  );
  return path === '' ? inner : [path, ...inner];
}

/** The value at a path. */
export function valueAt(document: Json, path: string): Json | undefined {
  return path
    .split('.')
    .reduce<Json | undefined>((value, key) => (isJsonObject(value) ? value[key] : undefined), document);
}

/** The document with another value at a path; undefined takes the key away, and a new key is added. */
export function changed(document: Json, path: string, value: Json | undefined): Json {
  const [key = '', ...rest] = path.split('.');
  if (!isJsonObject(document)) throw new Error(`no object at ${path}`);
  const { [key]: old, ...others } = document;
  if (rest.length > 0) return { ...document, [key]: changed(old ?? {}, rest.join('.'), value) };
  return value === undefined ? others : { ...document, [key]: value };
}

/** What a refusal says; nothing else may be thrown, and something has to be. */
export function refusalOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof PagepipeError && error.is_usage) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}
