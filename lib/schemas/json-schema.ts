/**
 * JSON Schemas (draft 2020-12) of Cakeless's documents, generated from the schemas that read them. JSON Schema can
 * express less: it accepts every document that Cakeless accepts, and some that Cakeless does not. Rules that it cannot
 * express are in the descriptions, in the words of the error messages.
 */
import * as z from 'zod/mini';
import type { UnknownFields } from '../contract/keys.ts';
import type { JsonForm } from '../names.ts';

/** What a schema says about a field, besides its type. */
export interface FieldDescription {
  readonly description: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
}

export interface DescribedDocument {
  /** As `cakeless schema` takes it; also the name of the file. */
  readonly name: string;
  /** Completes "the JSON Schema of": `a cluster record`. */
  readonly title: string;
  readonly schema: z.ZodMiniType;
  readonly unknownFields: UnknownFields;
  /** @param path `nodes[].name` @returns undefined only if the document has no such field */
  describe(path: string): FieldDescription | undefined;
}

export type JsonSchema = { [keyword: string]: unknown };

/** A name, not an address: nothing is published there. */
export const schemaId = (name: string): string => `urn:cakeless:schema:${name}`;

const UNKNOWN_FIELDS: Readonly<Record<UnknownFields, string>> = {
  refused: 'unknown fields are refused',
  ignored: 'unknown fields are ignored',
  'ignored unless in `mustUnderstand`':
    'unknown fields are ignored unless mustUnderstand lists them',
};

export function toJsonSchema({
  name,
  title,
  schema,
  unknownFields,
  describe,
}: DescribedDocument): JsonSchema {
  // `input`: a reader that ignores unknown fields accepts them
  const { $schema, ...made } = z.toJSONSchema(schema, { io: 'input', override: addRules });
  const root = describeFields(structuredClone(made) as JsonSchema, describe, '');
  return {
    $schema,
    $id: schemaId(name),
    title: `Cakeless: ${title}`,
    description: UNKNOWN_FIELDS[unknownFields],
    ...root,
  };
}

type Override = NonNullable<NonNullable<Parameters<typeof z.toJSONSchema>[1]>['override']>;

/** What zod does not translate: the message of a refinement, and what JSON Schema can express of it. */
const addRules: Override = ({ zodSchema, jsonSchema }) => {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  for (const { _zod: check } of zodSchema._zod.def.checks ?? []) {
    const { error, params } = check.def as { error?: Message; params?: { json?: JsonForm } };
    const message = error?.({} as never);
    if (typeof message === 'string') jsonSchema.description = message;
    const form = params?.json;
    if (form) jsonSchema.pattern = form.pattern.source;
    if (form?.maxLength !== undefined) jsonSchema.maxLength = form.maxLength;
  }
};

/** Of a refinement; it depends on nothing. */
type Message = ((issue: never) => unknown) | undefined;

/** Adds a description to every field. */
function describeFields(
  schema: JsonSchema,
  describe: DescribedDocument['describe'],
  path: string,
): JsonSchema {
  const { items, anyOf, oneOf, properties } = schema as NestedSchemas;
  if (items) describeFields(items, describe, `${path}[]`);
  for (const option of [...(anyOf ?? []), ...(oneOf ?? [])]) describeFields(option, describe, path);
  for (const [field, inner] of Object.entries(properties ?? {})) {
    const here = path === '' ? field : `${path}.${field}`;
    describeFields(inner, describe, here);
    const described = describe(here);
    if (!described) continue;
    const texts = [described.description, inner.description].filter((text) => text !== undefined);
    Object.assign(inner, { ...described, description: texts.join('; ') });
  }
  return schema;
}

interface NestedSchemas {
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}
