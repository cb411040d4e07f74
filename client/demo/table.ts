/** The outcomes of a request as a table, from `cakeless fetch -o json` and the files that it wrote. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Received } from '../node/fetch/receive.ts';
import { formatTable } from '../table.ts';
import { describeOutcomes } from '../wording/outcomes.ts';

const USAGES: Record<string, string> = {
  '1.3.6.1.5.5.7.3.1': 'server',
  '1.3.6.1.5.5.7.3.2': 'client',
};
const HEADER = ['CERTIFICATE', 'OUTCOME', 'CA', 'USAGES', 'NAMES', 'EXPIRES'];

/** One row per request, then the reasons of those without a certificate. */
export function tableOf(results: readonly Received[]): string[] {
  const rows = results.map((result) => [
    result.certificateName ?? result.path,
    result.outcome,
    ...(result.file === undefined ? ['', '', ''] : describeFile(result.file)),
    result.notAfter?.slice(0, 10) ?? '',
  ]);
  const reasons = describeOutcomes(
    results.map(({ path: name, outcome: state, ...received }) => ({ ...received, name, state })),
    { notDone: 'not written' },
  );
  return [...formatTable(HEADER, rows), ...reasons.map((line) => `  ${line}`)];
}

function describeFile(file: string): [string, string, string] {
  const certificate = new X509Certificate(readFileSync(file));
  const usages = (certificate.keyUsage ?? []).map((oid) => USAGES[oid] ?? oid).join('+');
  return [certificate.issuer.replace('CN=', ''), usages, shortened(certificate.subjectAltName)];
}

const SHOWN_NAMES = 2;

function shortened(names: string | undefined): string {
  const all = (names ?? 'none').replaceAll('IP Address:', 'IP:').split(', ');
  const more = all.length - SHOWN_NAMES;
  return `${all.slice(0, SHOWN_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
