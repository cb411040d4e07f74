/** Reads YAML that others wrote: files of a node, and files that the user named. */
import { parseDocument } from 'yaml';
import { yamlProblem } from './yaml-problem.ts';

/** Its message is one line that does not quote the text, which may contain a private key. */
export class YamlError extends Error {
  override name = 'YamlError';
}

/**
 * The value of a text with one document. A text may be anything: aliases that expand to a huge value, keys that occur
 * twice, nesting that no program follows, tags that make bytes (`!!binary`) of a text. Bytes stay bytes: a schema that
 * expects a text refuses them.
 * @throws YamlError if it is not YAML, or not safe to read
 */
export function parseYaml(text: string): unknown {
  const document = parseDocument(text, { logLevel: 'silent' });
  const [error] = document.errors;
  if (error) throw new YamlError(yamlProblem(error));
  try {
    return document.toJS();
  } catch (reason) {
    throw new YamlError(yamlProblem(reason));
  }
}
