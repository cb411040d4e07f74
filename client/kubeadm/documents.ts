/** The YAML documents of a kubeadm configuration file, by kind. */
import { parseAllDocuments } from 'yaml';
import type * as z from 'zod/mini';
import { describeIssue } from '../../lib/store/describe-issue.ts';
import { CommandError } from '../errors.ts';
import { yamlProblem } from '../yaml-problem.ts';

/** @throws CommandError if the text is not YAML */
export function readDocuments(text: string, file: string): unknown[] {
  return parseAllDocuments(text).map((document) => {
    const [error] = document.errors;
    if (error) throw new CommandError('usage', `${file}: not YAML: ${yamlProblem(error)}`);
    return document.toJS() as unknown;
  });
}

/** The first document of a kind such as `ClusterConfiguration`, if there is one. */
export function findKind(documents: readonly unknown[], kind: string): unknown {
  return documents.find(
    (document) =>
      document !== null &&
      typeof document === 'object' &&
      'kind' in document &&
      document.kind === kind,
  );
}

/** @throws CommandError that names the first invalid field */
export function parseDocument<T>(
  schema: z.ZodMiniType<T>,
  value: unknown,
  file: string,
  kind: string,
): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new CommandError('usage', `${file}: ${kind}: ${issue ? describeIssue(issue) : 'invalid'}`);
}
