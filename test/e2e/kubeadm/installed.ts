/** The certificates in a node's /etc/kubernetes, each with its key and the CA that kubeadm checks it against. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { BUNDLE_PATHS } from '../../../lib/contract/trust-domain.ts';
import { PROFILES, type Profile } from '../../../lib/profiles/profiles.ts';
import { readCertificateFacts } from '../../support/certificate-facts.ts';
import { type ChainItem, judgeChain } from '../../support/judges.ts';

export interface Installed {
  readonly name: string;
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
  /** PEM of the CA's trust bundle. */
  readonly roots: string;
}

/** The certificates that exist, in the order of the profiles. */
export function readInstalled(kubernetesDir: string): Installed[] {
  const pki = join(kubernetesDir, 'pki');
  return PROFILES.flatMap((profile) => {
    const pair = readPair(kubernetesDir, profile);
    const bundle = join(pki, BUNDLE_PATHS[profile.ca]);
    if (!pair || !existsSync(bundle)) return [];
    return [{ name: profile.name, ...pair, roots: readFileSync(bundle, 'utf8') }];
  });
}

function readPair(kubernetesDir: string, { baseName, name }: Profile) {
  if (baseName !== undefined) {
    const base = join(kubernetesDir, 'pki', baseName);
    if (!existsSync(`${base}.crt`)) return undefined;
    return {
      certificate: readFileSync(`${base}.crt`, 'utf8'),
      key: readFileSync(`${base}.key`, 'utf8'),
    };
  }
  const file = join(kubernetesDir, name);
  return existsSync(file) ? readKubeconfigPair(file) : undefined;
}

/** Client certificate and key of a kubeconfig. */
export function readKubeconfigPair(file: string): { certificate: string; key: string } {
  const { user } = parse(readFileSync(file, 'utf8')).users[0];
  const text = (base64: string) => Buffer.from(base64, 'base64').toString('utf8');
  return {
    certificate: text(user['client-certificate-data']),
    key: text(user['client-key-data']),
  };
}

/** The complaints of OpenSSL, Go and zlint, with each name checked on its own. */
export function complaints(installed: readonly Installed[]): string[] {
  const items = installed.flatMap(({ name, certificate, roots }): ChainItem[] => {
    const { names, extendedKeyUsages } = readCertificateFacts(certificate);
    const of = (type: string) =>
      names.filter((n) => n.startsWith(`${type}:`)).map((n) => n.slice(type.length + 1));
    const dnsNames = of('DNS').map((dns) => dns.replace(/^\*/, 'any'));
    return extendedKeyUsages.map((oid) => ({
      name: `${name} ${oid}`,
      certificate,
      roots,
      usage: oid === '1.3.6.1.5.5.7.3.1' ? 'serverAuth' : 'clientAuth',
      dnsNames,
      ips: of('IP'),
    }));
  });
  return judgeChain(items)
    .filter(({ ok }) => !ok)
    .map(({ name, judge, message }) => `${name}: ${judge}: ${message}`);
}

/** Certificates with another key next to them: kubeadm does not check this. */
export const withForeignKey = (installed: readonly Installed[]): string[] =>
  installed
    .filter(
      ({ certificate, key }) =>
        !new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)),
    )
    .map(({ name }) => name);

/** `RSA-2048`, `ECDSA-P256`, … */
export function keyKindOf(certificate: string): string {
  const { asymmetricKeyDetails = {} } = new X509Certificate(certificate).publicKey;
  const { modulusLength, namedCurve } = asymmetricKeyDetails;
  if (modulusLength !== undefined) return `RSA-${modulusLength}`;
  return (
    { prime256v1: 'ECDSA-P256', secp384r1: 'ECDSA-P384' }[namedCurve ?? ''] ?? String(namedCurve)
  );
}

/** What has to be equal to the certificate that kubeadm signs itself: subject, names and extended key usages. */
export function comparable(certificate: string): string {
  const { subject, names, extendedKeyUsages, basicConstraints } = readCertificateFacts(certificate);
  return JSON.stringify({ subject, names: [...names].sort(), extendedKeyUsages, basicConstraints });
}
