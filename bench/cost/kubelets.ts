/** What the kubelets of 100 nodes cost each month whose certificates a forwarder obtains, by how long these live. */
import { CALLS_PER_CSR } from './calls.ts';
import { costPerCertificate, type Fixed, reconcileCost } from './model.ts';
import { dollars } from './table.ts';

/** A kubelet asks for the next certificate after 70 to 90% of the lifetime of the current one. */
const RENEWED_AT = 0.8;
/** Client and serving. */
const CERTIFICATES = 2;
const NODES = 100;
const HOURS_PER_YEAR = 365 * 24;

const LIFETIMES: readonly [string, number][] = [
  ['a year', HOURS_PER_YEAR],
  ['30 days', 30 * 24],
  ['a day', 24],
  ['an hour', 1],
  ['ten minutes', 1 / 6],
];

export function kubeletTable(fixed: Fixed): string {
  const listing = (certificates: number) =>
    reconcileCost(certificates, fixed) - reconcileCost(0, fixed);
  const rows = LIFETIMES.map(([title, hours]) => {
    const perYear = (CERTIFICATES * HOURS_PER_YEAR) / (hours * RENEWED_AT);
    const perMonth = (perYear * NODES) / 12;
    const cells = [costPerCertificate(fixed, CALLS_PER_CSR) * perMonth, listing(perMonth)].map(
      dollars,
    );
    return `| ${title} | ${rounded(perYear)} | ${rounded(perMonth)} | ${cells.join(' | ')} |`;
  });
  return [
    '| certificates live for | requests of a kubelet each year | certificates of 100 kubelets each month | cost | more for reconcile |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

const rounded = (value: number) =>
  value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 1 : 0 });
