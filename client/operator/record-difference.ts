/** What differs between two versions of a cluster record, value by value. */
import { isDeepStrictEqual } from 'node:util';

/**
 * One line for each value: `+` added, `-` removed, `~` changed. Nodes are compared by name, whatever their order.
 * @returns nothing if there is no earlier record, or one that is not JSON
 */
export function describeDifference(before: unknown, after: unknown): string[] {
  if (!isObject(before)) return [];
  const [old, now] = [leavesOf(before), leavesOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((path) => !isDeepStrictEqual(old.get(path), now.get(path)))
    .map((path) => {
      if (!old.has(path)) return `+ ${path}: ${JSON.stringify(now.get(path))}`;
      if (!now.has(path)) return `- ${path}: ${JSON.stringify(old.get(path))}`;
      return `~ ${path}: ${JSON.stringify(old.get(path))} is now ${JSON.stringify(now.get(path))}`;
    });
}

function leavesOf(value: unknown, path = ''): Map<string, unknown> {
  if (!isObject(value)) return new Map([[path, value]]);
  return new Map(
    Object.entries(value).flatMap(([field, inner]) => {
      const here = path === '' ? field : `${path}.${field}`;
      return field === 'nodes' && path === '' ? nodesIn(inner) : [...leavesOf(inner, here)];
    }),
  );
}

function nodesIn(value: unknown): [string, unknown][] {
  const nodes = Array.isArray(value) ? value : [];
  const names = nodes.map((node) => (isObject(node) ? String(node.name) : ''));
  // a record that cannot be read may list one twice
  if (new Set(names).size < names.length) return [['nodes', value]];
  return nodes.map((node, i) => [`nodes[${names[i]}]`, node]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
