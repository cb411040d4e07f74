/** The CA certificates that go into a kubeconfig: what the person pinned, or what the exchange bucket holds. */
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { bundleKey } from '../../lib/ca/trust-domain.ts';
import { certificatesIn } from '../../lib/certificate/pem.ts';
import { isSubdomain } from '../../lib/names.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import type { Exchange } from '../node/exchange.ts';
import { MAX_BUNDLE_BYTES } from '../node/receive.ts';
import type { Terminal } from '../terminal.ts';

export interface Pins {
  readonly cluster: string;
  readonly caCertHash?: readonly string[];
  readonly certificateAuthority?: string;
}

/** SHA-256 of the SubjectPublicKeyInfo, as kubeadm's --discovery-token-ca-cert-hash (cmd/kubeadm/app/util/pubkeypin). */
export function caCertHash(certificate: X509Certificate): string {
  const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}

/** Reads the pins now; what it returns finds the CA certificates (PEM) for a certificate that was issued. */
export function findTrusted({ cluster, caCertHash: hashes = [], certificateAuthority }: Pins) {
  for (const hash of hashes)
    if (!/^sha256:[0-9a-f]{64}$/i.test(hash))
      throw new CommandError(EXIT.usage, `${hash}: is not of the form sha256:<64 hex digits>`);
  const ofFile = certificateAuthority === undefined ? undefined : readFile(certificateAuthority);
  return async (exchange: Exchange, request: string, certificate: string, terminal: Terminal) => {
    const bundle = ofFile ?? (await readBundle(exchange, cluster, request));
    const wanted = hashes.map((hash) => hash.toLowerCase());
    const trusted = bundle
      .map((pem) => ({ pem, ca: new X509Certificate(pem) }))
      .filter(({ ca }) => wanted.length === 0 || wanted.includes(caCertHash(ca)));
    const leaf = new X509Certificate(certificate);
    const signer = trusted.find(({ ca }) => leaf.checkIssued(ca) && leaf.verify(ca.publicKey));
    if (!signer)
      throw new CommandError(
        EXIT.checkFailed,
        'no CA certificate that you trust signed the certificate that came',
        `compare --ca-cert-hash or --certificate-authority with the cluster's CA: ${bundle.map((pem) => caCertHash(new X509Certificate(pem))).join(', ')}`,
      );
    if (wanted.length === 0 && !ofFile)
      terminal.progress(
        `the CA is the one in the exchange bucket; to pin it: --ca-cert-hash ${caCertHash(signer.ca)}`,
      );
    return trusted.map(({ pem }) => `${pem.trim()}\n`).join('');
  };
}

function readFile(file: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(EXIT.usage, error instanceof Error ? error.message : String(error));
  }
  const certificates = certificatesIn(text);
  if (certificates.length > 0) return certificates;
  throw new CommandError(EXIT.usage, `${file}: holds no PEM certificate`);
}

async function readBundle(
  exchange: Exchange,
  cluster: string,
  request: string,
): Promise<readonly string[]> {
  const key = `certificates/${cluster}/users/${request}/user.crt`;
  const trustDomain = (await exchange.get(key, MAX_BUNDLE_BYTES))?.metadata['trust-domain'] ?? '';
  const bundle = isSubdomain(trustDomain)
    ? await exchange.get(bundleKey(trustDomain, 'ca'), MAX_BUNDLE_BYTES)
    : undefined;
  return certificatesIn(Buffer.from(bundle?.body ?? '').toString('latin1'));
}
