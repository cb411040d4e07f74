/** The CAs of a trust domain get certificates of a corporate CA, as docs/corporate-root.md describes it. */
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CA_NAMES, type CaName } from '../../../lib/profiles/certificate-names.ts';
import type { CorporatePki } from '../../support/corporate-pki.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { lastLines } from '../harness/program.ts';
import type { Check } from '../harness/report.ts';

/** For `--root-ca-file` of kube-controller-manager. */
export const CHAIN_FILE = '/etc/kubernetes/pki/ca-chain.crt';

const CSRS = 'trust-domain csr, and a corporate CA made by OpenSSL that signs the CSRs';
const SELF_SIGNED = 'import-certificate refuses the root itself, and a chain without it';
const IMPORTED = 'import-certificate publishes the four CAs';

export const IMPORT_CHECKS = [CSRS, SELF_SIGNED, IMPORTED];

const csrFile = (folder: string, ca: CaName) => join(folder, 'csrs', `${ca}.csr`);

/** @param name the trust domain */
export async function createCas(
  check: Check,
  service: CakelessService,
  name: string,
  pki: CorporatePki,
  folder: string,
): Promise<void> {
  const administer = (...args: string[]) =>
    service.mustCakeless('administrator', ['trust-domain', ...args]);
  const chain = join(folder, 'above.pem');
  writeFileSync(chain, pki.chain);
  const certificate = (ca: CaName) => join(folder, `${ca}.pem`);
  await check(CSRS, async () => {
    await administer('csr', name, '--out', join(folder, 'csrs'));
    for (const ca of CA_NAMES)
      writeFileSync(certificate(ca), pki.signCa(readFileSync(csrFile(folder, ca), 'utf8')));
    return new X509Certificate(readFileSync(certificate('ca'))).issuer.replaceAll('\n', ', ');
  });
  const importing = (ca: CaName, file: string, above: string) => [
    ...['trust-domain', 'import-certificate', name, '--ca', ca],
    ...['--certificate', file, '--chain', above, '--csr', csrFile(folder, ca)],
  ];
  await check(SELF_SIGNED, async () => {
    const rootless = join(folder, 'rootless.pem');
    writeFileSync(rootless, pki.certificate('issuing'));
    const said: string[] = [];
    for (const args of [
      importing('ca', pki.certificateFile('root'), chain),
      importing('ca', certificate('ca'), rootless),
    ]) {
      const ran = await service.cakeless('administrator', ...args);
      if (ran.exitCode !== 7) throw new Error(`exit code ${ran.exitCode}: ${lastLines(ran)}`);
      said.push(lastLines(ran));
    }
    return said.join(' | ');
  });
  await check(IMPORTED, async () => {
    for (const ca of CA_NAMES)
      await service.mustCakeless('administrator', importing(ca, certificate(ca), chain));
    const { cas } = JSON.parse(await administer('show', name, '-o', 'json'));
    const origins = CA_NAMES.map((ca) => cas[ca].origin);
    if (origins.some((origin) => origin !== 'subordinate')) throw new Error(origins.join());
    return `${origins.length} CAs`;
  });
}
