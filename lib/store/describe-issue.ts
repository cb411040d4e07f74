/** Schema errors as text: zod/mini has only codes, which keeps the bundles small. */
import type * as z from 'zod/mini';

type Issue = z.core.$ZodIssue;

/** `nodes[0].name: must be …` */
export function describeIssue(issue: Issue): string {
  const path = formatPath(issue.path);
  return `${path === '' ? 'the document' : path}: ${complaint(issue)}`;
}

function complaint(issue: Issue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `has unknown fields: ${issue.keys.join(', ')}`;
    case 'invalid_type':
      return `must be of type ${issue.expected}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return issue.message === 'Invalid input'
        ? `must be ${issue.inclusive === false ? 'greater than' : 'at least'} ${issue.minimum}`
        : issue.message;
    case 'too_big':
      return `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    default:
      return issue.message;
  }
}

function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}
