/** The CA certificates that go into a kubeconfig: what the person pinned, or what the exchange bucket holds. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { certificatesIn, certificateToPem } from '../../../lib/certificate/pem.ts';
import { trustDomainOfCertificate } from '../../../lib/contract/outcomes.ts';
import { outcomeKeys } from '../../../lib/contract/request-key.ts';
import { USER_PATH, USERS } from '../../../lib/contract/request-kinds.ts';
import { CommandError } from '../../errors.ts';
import type { Terminal } from '../../terminal.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { formatCaCertHash } from './ca-cert-hash.ts';
import { MAX_BUNDLE_BYTES, readBundle } from './read-bundle.ts';

export interface Pins {
  readonly cluster: string;
  readonly caCertHash?: readonly string[];
  readonly certificateAuthority?: string;
}

/** Users' certificates come from `ca` alone. */
const caCertHash = (certificate: X509Certificate) => formatCaCertHash('ca', certificate);

/** Reads the pins now; what it returns finds the CA certificates (PEM) for a certificate that was issued. */
export function findTrusted({ cluster, caCertHash: hashes = [], certificateAuthority }: Pins) {
  for (const hash of hashes)
    if (!/^sha256:[0-9a-f]{64}$/i.test(hash))
      throw new CommandError('usage', `${hash}: is not of the form sha256:<64 hex digits>`);
  const ofFile = certificateAuthority === undefined ? undefined : readFile(certificateAuthority);
  return async (exchange: Exchange, request: string, certificate: string, terminal: Terminal) => {
    const bundle = ofFile ?? (await readPublished(exchange, cluster, request));
    const wanted = hashes.map((hash) => hash.toLowerCase());
    const trusted = bundle
      .map((pem) => ({ pem, ca: new X509Certificate(pem) }))
      .filter(({ ca }) => wanted.length === 0 || wanted.includes(caCertHash(ca)));
    const leaf = new X509Certificate(certificate);
    const signer = trusted.find(({ ca }) => leaf.checkIssued(ca) && leaf.verify(ca.publicKey));
    if (!signer)
      throw new CommandError(
        'check-failed',
        'no CA certificate that you trust signed the certificate that came',
        `compare --ca-cert-hash or --certificate-authority with the cluster's CA: ${bundle.map((pem) => caCertHash(new X509Certificate(pem))).join(', ')}`,
      );
    if (wanted.length === 0 && !ofFile)
      terminal.progress(
        `the CA is the one in the exchange bucket; to pin it: --ca-cert-hash ${caCertHash(signer.ca)}`,
      );
    return trusted.map((certificate) => certificateToPem(certificate.ca.raw)).join('');
  };
}

function readFile(file: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError('usage', error instanceof Error ? error.message : String(error));
  }
  const certificates = certificatesIn(text);
  if (certificates.length > 0) return certificates;
  throw new CommandError('usage', `${file}: holds no PEM certificate`);
}

/** @throws CommandError if programs could read the bundle in different ways */
async function readPublished(
  exchange: Exchange,
  cluster: string,
  request: string,
): Promise<readonly string[]> {
  const address = { cluster, node: USERS, requestId: request, path: USER_PATH };
  const object = await exchange.get(outcomeKeys(address).certificate, MAX_BUNDLE_BYTES);
  const trustDomain = trustDomainOfCertificate(object?.metadata ?? {});
  const bundle = await readBundle(exchange, trustDomain, 'ca');
  if ('problem' in bundle) throw new CommandError('check-failed', bundle.problem);
  return certificatesIn(bundle.pem);
}
