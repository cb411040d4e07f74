/** `cakeless trust-domain renew`: wording. */
import type { RenewedCa } from '../../lib/ca/trust-domain-request.ts';
import type { CaName } from '../../lib/profiles/certificate-names.ts';
import type { Connection } from '../connection.ts';
import { renewCaCertificate } from '../operator/renew-ca.ts';
import type { Line } from '../table.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';

export interface RenewCaOptions {
  ca: CaName;
  validityDays?: number;
  dryRun?: boolean;
  output: OutputFormat;
}

export async function renewCa(
  connection: Connection,
  terminal: Terminal,
  trustDomain: string,
  { ca, validityDays, dryRun = false, output }: RenewCaOptions,
): Promise<void> {
  if (!dryRun) terminal.progress(`renewing the certificate of ${ca} of ${trustDomain} ...`);
  const renewed = await renewCaCertificate(connection.invokeCreateCa, {
    ...{ trustDomain, ca },
    ...(validityDays !== undefined && { validityDays }),
    ...(dryRun && { dryRun }),
  });
  terminal.progress(describeChange(renewed, dryRun));
  printResult(terminal, output, renewed, () => describe(renewed));
}

function describeChange({ trustDomain, ca, version, changed, after }: RenewedCa, dryRun: boolean) {
  const what = `version ${version} of ${ca} of ${trustDomain}`;
  if (changed)
    return `renewed ${what} with the same key; nodes take the certificate with their next renewals`;
  if (dryRun && after.sha256 === undefined)
    return `would renew ${what} with the same key; nothing was changed`;
  return `${what} was renewed less than a day ago; nothing was changed`;
}

const describe = ({ before, after }: RenewedCa): Line[] => [
  {
    columns: ['CERTIFICATE', 'EXPIRES', { title: 'SHA-256', drop: 1 }],
    rows: [
      ['before', before.notAfter, before.sha256 ?? ''],
      ['after', after.notAfter, after.sha256 ?? ''],
    ],
  },
];
