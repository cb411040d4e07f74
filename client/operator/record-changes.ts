/** Which fields differ between two versions of a cluster record. */

/** The names of the fields that differ. */
export function changedFields(before: unknown, after: unknown): string[] {
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])].sort();
  return names.filter((name) => JSON.stringify(old[name]) !== JSON.stringify(now[name]));
}

/** For example `changed nodes; removed uploaders`. */
export function describeChanges(before: unknown, after: unknown): string {
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  const fields = changedFields(before, after);
  const groups = [
    ['changed', fields.filter((name) => name in old && name in now)],
    ['added', fields.filter((name) => !(name in old))],
    ['removed', fields.filter((name) => !(name in now))],
  ] as const;
  const described = groups.filter(([, names]) => names.length > 0);
  return (
    described.map(([verb, names]) => `${verb} ${names.join(', ')}`).join('; ') ||
    'changed the formatting'
  );
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' ? { ...value } : {};
}
