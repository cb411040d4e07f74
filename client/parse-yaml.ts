/** Reads YAML that others wrote: files of a node, and files that the user named. */
import { type Document, parseAllDocuments, parseDocument } from 'yaml';
import { CommandError } from './errors.ts';
import { isNestedTooDeeply } from './yaml-depth.ts';
import { TOO_DEEP, yamlProblem } from './yaml-problem.ts';

/** Its message is one line that does not quote the text, which may contain a private key. */
export class YamlError extends Error {
  override name = 'YamlError';
}

/**
 * The value of a text with one document. A text may be anything: aliases that expand to a huge value, keys that occur
 * twice, nesting that no program follows, tags that turn a string into bytes (`!!binary`). Bytes stay bytes: a schema
 * that expects a string refuses them.
 * @throws YamlError if it is not YAML, or not safe to read
 */
export function parseYaml(text: string): unknown {
  return readYaml(text).value;
}

/**
 * The values of all documents of a text, as `parseYaml` reads one. Documents that are empty, or only
 * comments, are skipped.
 * @throws YamlError
 */
export function parseYamlDocuments(text: string): unknown[] {
  requireShallow(text);
  const documents = parseAllDocuments(text, { logLevel: 'error' });
  // an empty stream is an array with no documents
  return [...documents].map(valueIn).filter((value) => value !== null && value !== undefined);
}

/** For a file that the user named. @throws CommandError with the name of the file */
export function parseGivenYaml(text: string, file: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new CommandError('usage', `${file}: not YAML: ${error.message}`);
  }
}

/** As `parseYaml`, with the document, whose nodes have positions in the text. */
export function readYaml(text: string): {
  readonly document: Document.Parsed;
  readonly value: unknown;
} {
  requireShallow(text);
  const document = parseDocument(text, { logLevel: 'error' });
  return { document, value: valueIn(document) };
}

function requireShallow(text: string): void {
  if (isNestedTooDeeply(text)) throw new YamlError(TOO_DEEP);
}

function valueIn(document: Document.Parsed): unknown {
  const [error] = document.errors;
  if (error) throw new YamlError(yamlProblem(error));
  try {
    return document.toJS();
  } catch (reason) {
    throw new YamlError(yamlProblem(reason));
  }
}
