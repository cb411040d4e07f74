/** Where two clusters of a trust domain declare the same names, although kubelets of one could then act as the other's servers. */
import { isInRange, rangesOverlap } from '../ip-address.ts';
import { type ClusterNames, findName, type NameSet } from './cluster-names.ts';

/** What overlaps, such as `10.0.0.5: node w-1 with nodeRules[0] (10.0.0.0/16) of cluster test`; empty if nothing does. */
export function describeOverlaps(one: ClusterNames, other: ClusterNames): string[] {
  const overlaps = [
    ...(one.kubelets ? ofKubelets(one.kubelets, one, other) : []),
    ...(other.kubelets ? ofKubelets(other.kubelets, other, one).map(turned) : []),
  ];
  const lines = overlaps.map(
    ({ name, place, others }) =>
      `${name === undefined ? '' : `${name}: `}${place} with ${others} of cluster ${other.cluster}`,
  );
  return [...new Set(lines)];
}

interface Overlap {
  /** undefined if they are two ranges or patterns, which `place` and `others` contain. */
  readonly name?: string;
  readonly place: string;
  /** In the other cluster. */
  readonly others: string;
}

const turned = ({ place, others, ...rest }: Overlap): Overlap => ({
  ...rest,
  place: others,
  others: place,
});

/** Kubelets of a cluster without serving certificates overlap with nothing: nothing checks their names. */
function ofKubelets(kubelets: NameSet, own: ClusterNames, other: ClusterNames): Overlap[] {
  return [
    ...overlapsOf(kubelets, withoutOwn(other.servers, own.servers)),
    ...overlapsOf(kubelets, other.controlPlaneRules),
    ...(other.kubelets ? overlapsOf(kubelets, other.kubelets) : []),
  ];
}

/**
 * Ranges and patterns of a cluster's own servers are forbidden to its kubelets anyway, such as the default range of
 * services, which most clusters have.
 */
function withoutOwn(others: NameSet, own: NameSet): NameSet {
  return {
    exact: others.exact,
    patterns: others.patterns.filter(
      ({ pattern }) => !own.patterns.some((known) => known.pattern === pattern),
    ),
    ranges: others.ranges.filter(
      ({ range }) =>
        !own.ranges.some(
          (known) =>
            known.range.prefixLength <= range.prefixLength && isInRange(range.octets, known.range),
        ),
    ),
  };
}

function overlapsOf(one: NameSet, other: NameSet): Overlap[] {
  const ofExact = [...one.exact].flatMap(([name, place]) => {
    const others = findName(other, name);
    return others === undefined ? [] : [{ name, place, others }];
  });
  const rules: NameSet = { ...one, exact: new Map() };
  const ofRules = [...other.exact].flatMap(([name, others]) => {
    const place = findName(rules, name);
    return place === undefined ? [] : [{ name, place, others }];
  });
  const ofPatterns = one.patterns.flatMap(({ pattern, place }) =>
    other.patterns
      .filter((its) => patternsOverlap(pattern, its.pattern))
      .map((its) => ({ place, others: its.place })),
  );
  const ofRanges = one.ranges.flatMap(({ range, place }) =>
    other.ranges
      .filter((its) => rangesOverlap(range, its.range))
      .map((its) => ({ place, others: its.place })),
  );
  return [...ofExact, ...ofRules, ...ofPatterns, ...ofRanges];
}

/**
 * Whether a name matches both, which have one `*` each. What is before the `*` must be the same as far as both have
 * something, and likewise what is after it; any text can be between.
 */
export function patternsOverlap(one: string, other: string): boolean {
  const [before = '', after = ''] = one.split('*');
  const [otherBefore = '', otherAfter = ''] = other.split('*');
  return (
    (before.startsWith(otherBefore) || otherBefore.startsWith(before)) &&
    (after.endsWith(otherAfter) || otherAfter.endsWith(after))
  );
}
