/** The configurations to compare: each mutation alone, and pairs of those of fields, always the same ones. */
import { baseFields, render } from './base.ts';
import { FIELD_VALUES } from './field-mutations.ts';
import { TEXT_MUTATIONS } from './text-mutations.ts';

export interface ConfigurationCase {
  readonly name: string;
  readonly text: string;
}

interface FieldMutation {
  readonly field: string;
  readonly value: string;
}

const PAIRS = 60;
const SEED = 20_261_126;

export function casesFor(release: string): ConfigurationCase[] {
  const base = baseFields(release);
  const mutations = Object.entries(FIELD_VALUES).flatMap(([field, values]) =>
    values.map((value) => ({ field, value })),
  );
  const withFields = (changes: readonly FieldMutation[]) => ({
    name: changes.map(({ field, value }) => `${field}: ${value}`).join(' and '),
    text: render(
      new Map([
        ...base,
        ...changes.map(({ field, value }) => [field, value.replace('RELEASE', release)] as const),
      ]),
    ),
  });
  return [
    ...TEXT_MUTATIONS.map(({ name, change }) => ({ name, text: change(render(base)) })),
    ...mutations.map((mutation) => withFields([mutation])),
    ...pairsOf(mutations).map(withFields),
  ];
}

/** Pairs of different fields, neither of which contains the other. */
function pairsOf(mutations: readonly FieldMutation[]): FieldMutation[][] {
  const next = randomIndex(SEED);
  const pairs: FieldMutation[][] = [];
  while (pairs.length < PAIRS) {
    const [a, b] = [mutations[next(mutations.length)], mutations[next(mutations.length)]];
    if (!a || !b || a.field.startsWith(b.field) || b.field.startsWith(a.field)) continue;
    pairs.push([a, b]);
  }
  return pairs;
}

/** A linear congruential generator (Numerical Recipes): the same pairs in every run. */
function randomIndex(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
