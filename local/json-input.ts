import { AwsError } from './aws-error.ts';

/** The members of a JSON request, read one by one with the type that the operation expects. */
export interface JsonInput {
  text(name: string): string;
  optionalText(name: string): string | undefined;
  optionalNumber(name: string): number | undefined;
  /** A blob, which JSON carries in base64. */
  bytes(name: string): Buffer;
  optionalList(name: string): JsonInput[];
  /** The names and values of a map. */
  entries(name: string): [string, JsonInput][];
}

/** Reads the body of a request of an AWS JSON protocol. An empty body counts as an empty object. */
export function readJsonInput(body: Buffer): JsonInput {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.length === 0 ? '{}' : body.toString('utf8'));
  } catch {
    throw new AwsError('SerializationException', 'The request is not valid JSON');
  }
  return jsonInput(parsed);
}

function jsonInput(value: unknown): JsonInput {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AwsError('SerializationException', 'The request must be a JSON object');
  }
  const members = value as Readonly<Record<string, unknown>>;
  const optional = <T>(name: string, is: (member: unknown) => member is T): T | undefined => {
    const member = members[name] ?? undefined;
    if (member === undefined || is(member)) return member;
    throw new AwsError('SerializationException', `${name} has the wrong type`);
  };
  const required = (name: string): string => {
    const text = optional(name, isText);
    if (text !== undefined) return text;
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
    );
  };
  return {
    text: required,
    optionalText: (name) => optional(name, isText),
    optionalNumber: (name) => optional(name, isNumber),
    bytes: (name) => Buffer.from(required(name), 'base64'),
    optionalList: (name) => (optional(name, Array.isArray) ?? []).map(jsonInput),
    entries: (name) =>
      Object.entries(optional(name, isObject) ?? {}).map(([key, entry]) => [key, jsonInput(entry)]),
  };
}

function isText(member: unknown): member is string {
  return typeof member === 'string';
}

function isNumber(member: unknown): member is number {
  return typeof member === 'number';
}

function isObject(member: unknown): member is object {
  return typeof member === 'object' && member !== null;
}
