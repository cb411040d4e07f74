/** Dotted paths of all fields of a schema, as docs/cluster-record.md names them: `nodes[].addresses`. */

interface Schema {
  readonly def: {
    readonly type: string;
    readonly shape?: Readonly<Record<string, unknown>>;
    readonly innerType?: unknown;
    readonly element?: unknown;
  };
}

export function fieldPaths(schema: unknown, prefix = ''): string[] {
  const { def } = schema as Schema;
  switch (def.type) {
    case 'optional':
    case 'default':
      return fieldPaths(def.innerType, prefix);
    case 'array':
      return fieldPaths(def.element, `${prefix}[]`);
    case 'object':
      return Object.entries(def.shape ?? {}).flatMap(([name, field]) => {
        const path = prefix === '' ? name : `${prefix}.${name}`;
        return [path, ...fieldPaths(field, path)];
      });
    default:
      return [];
  }
}
