/** The CA certificates of a person's kubeconfig: pinned by the person, or taken from the exchange bucket. */
import type { X509Certificate } from 'node:crypto';
import { certificatesIn, certificateToPem } from '../../../lib/certificate/pem.ts';
import { trustDomainOfCertificate } from '../../../lib/contract/outcomes.ts';
import { outcomeKeys } from '../../../lib/contract/request-key.ts';
import { USER_PATH, USERS } from '../../../lib/contract/request-kinds.ts';
import { CommandError } from '../../errors.ts';
import { readGivenText } from '../../read-text.ts';
import type { Terminal } from '../../terminal.ts';
import { parseCertificates } from '../disk/fingerprints.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { caHashesOf, formatCaCertHash, hashOf } from './ca-cert-hash.ts';
import { chainOf } from './path.ts';
import { MAX_BUNDLE_BYTES, readBundle } from './read-bundle.ts';
import { findAnchor } from './signer.ts';

export interface KubeconfigPins {
  readonly cluster: string;
  readonly caCertHash?: readonly string[];
  readonly certificateAuthority?: string;
}

/** Users' certificates are always signed by `ca`. */
const caCertHash = (certificate: X509Certificate) => formatCaCertHash('ca', certificate);

/** Reads the pins immediately. The returned function finds the CA certificates (PEM) for an issued certificate. */
export function findTrusted({
  cluster,
  caCertHash: hashes = [],
  certificateAuthority,
}: KubeconfigPins) {
  const pinned = caHashesOf(hashes).ca;
  if (pinned.length < hashes.length)
    throw new CommandError('usage', '--ca-cert-hash: only ca signs certificates of users');
  const ofFile = certificateAuthority === undefined ? undefined : readFile(certificateAuthority);
  return async (exchange: Exchange, request: string, certificate: string, terminal: Terminal) => {
    const bundle = ofFile ?? (await readPublished(exchange, cluster, request));
    const trusted = parseCertificates(bundle)
      .filter((ca) => pinned.length === 0 || pinned.includes(hashOf(ca)))
      .map((ca) => certificateToPem(ca.raw))
      .join('');
    const chain = chainOf(certificatesIn(certificate));
    const signer = chain && findAnchor(chain, trusted);
    if (!signer)
      throw new CommandError(
        'check-failed',
        'none of the trusted CA certificates signed the issued certificate',
        `compare --ca-cert-hash or --certificate-authority with the cluster's CA: ${parseCertificates(bundle).map(caCertHash).join(', ')}`,
      );
    if (pinned.length === 0 && !ofFile)
      terminal.progress(
        `the CA certificate comes from the exchange bucket; to pin it, use --ca-cert-hash ${caCertHash(signer)}`,
      );
    return trusted;
  };
}

function readFile(file: string): string {
  const text = readGivenText(file);
  if (certificatesIn(text).length > 0) return text;
  throw new CommandError('usage', `${file}: no PEM certificate`);
}

/** @throws CommandError if programs could read the bundle differently */
async function readPublished(
  exchange: Exchange,
  cluster: string,
  request: string,
): Promise<string> {
  const address = { cluster, node: USERS, requestId: request, path: USER_PATH };
  const object = await exchange.get(outcomeKeys(address).certificate, MAX_BUNDLE_BYTES);
  const trustDomain = trustDomainOfCertificate(object?.metadata ?? {});
  const bundle = await readBundle(exchange, trustDomain, 'ca');
  if ('problem' in bundle) throw new CommandError('check-failed', bundle.problem);
  return bundle.pem;
}
