/**
 * What the YAML parser found, as one line with the position. Below it the parser shows the source, which would break
 * tables, and may be a private key.
 */
export function yamlProblem(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [first = ''] = message.split('\n');
  return first.replace(/:$/, '');
}
