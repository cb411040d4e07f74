/** The table of docs/cost.md. */
import { type Fixed, type Fleet, monthlyCost } from './model.ts';

const FLEETS: readonly [string, Fleet][] = [
  ['1 cluster', { clusters: 1, trustDomains: 1 }],
  ['100 clusters, one trust domain', { clusters: 100, trustDomains: 1 }],
  ['100 clusters, a trust domain each', { clusters: 100, trustDomains: 100 }],
  ['1,000 clusters, one trust domain', { clusters: 1_000, trustDomains: 1 }],
  ['1,000 clusters, a trust domain each', { clusters: 1_000, trustDomains: 1_000 }],
];

export function costTable(fixed: Fixed): string {
  const rows = FLEETS.map(([title, fleet]) => {
    const cost = monthlyCost(fleet, fixed);
    const { keys, certificatesCost, watching, total, privateCa } = cost;
    const cells = [keys, certificatesCost, watching, total, privateCa].map(dollars);
    return `| ${title} | ${Math.round(cost.certificates)} | ${cells.join(' | ')} |`;
  });
  return [
    '| fleet | certificates | CA keys | certificates | queue, alarms, reconcile, reports | **Cakeless** | AWS Private CA |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

export const dollars = (value: number) =>
  `$${value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
