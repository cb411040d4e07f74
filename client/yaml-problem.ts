/**
 * The message of the YAML parser on one line, with the position. The parser's further lines quote the source, which
 * would break tables and may contain a private key.
 */
export function yamlProblem(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [first = ''] = message.split('\n');
  return first.replace(/:$/, '');
}

export const TOO_DEEP = 'it is nested too deeply';
