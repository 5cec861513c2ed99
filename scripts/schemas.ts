/**
 * Writes the JSON Schemas of scenarios and of cost files, as editors and other programs read them.
 *
 *     npm run schemas
 *
 * What no JSON Schema can say stays to the command: that a lower end is not above its upper, that a guest is
 * whole pages, that a policy has its rate.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toJsonSchema } from '@valibot/to-json-schema';
import { type GenericSchema, getDescription } from 'valibot';
import { costSetSchema, scenarioSchema } from '../src/model/index.ts';

/** A published schema: its file from the root on, and its text. */
export interface PublishedSchema {
  readonly file: string;
  readonly text: string;
}

interface Entries {
  readonly entries: Readonly<Record<string, GenericSchema>>;
}

const hasEntries = (schema: object): schema is Entries => 'entries' in schema;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Adds what is said of each field: the conversion of an input stops before it, where a text becomes a number. */
function describe(json: unknown, schema: GenericSchema): void {
  if (!isObject(json) || !isObject(json.properties) || !hasEntries(schema)) return;
  for (const [key, entry] of Object.entries(schema.entries)) {
    const field = json.properties[key];
    const description = getDescription(entry);
    if (isObject(field) && description !== undefined) field.description = description;
    describe(field, entry);
  }
}

function publish(file: string, id: string, title: string, schema: GenericSchema): PublishedSchema {
  const converted = toJsonSchema(schema, { typeMode: 'input', ignoreActions: ['raw_check', 'finite'] });
  describe(converted, schema);
  const { $schema, ...rest } = converted;
  return { file, text: `${JSON.stringify({ $schema, $id: id, title, ...rest }, null, 2)}\n` };
}

/** Both, as they are to be in the repository. */
export function publishedSchemas(): PublishedSchema[] {
  return [
    publish('docs/scenario.schema.json', 'urn:pagepipe:scenario:1', 'pagepipe scenario', scenarioSchema),
    publish('docs/costs.schema.json', 'urn:pagepipe:costs:1', 'pagepipe costs', costSetSchema),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { file, text } of publishedSchemas())
    writeFileSync(new URL(`../${file}`, import.meta.url), text);
}
