/** Signs the URLs of an invitation (Signature Version 4, query form). */

import type { S3Client } from '@aws-sdk/client-s3';
import { pathsOf } from '../../lib/contract/kubeadm-paths.ts';
import { outcomeKeys, parseRequestKey, requestKey } from '../../lib/contract/request-key.ts';
import { BUNDLE_PATHS, bundleKey } from '../../lib/contract/trust-domain.ts';
import {
  CA_NAMES,
  type CaName,
  type CertificateName,
} from '../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../lib/profiles/profile-for.ts';
import { CommandError } from '../errors.ts';
import type { Exchange } from '../node/exchange/exchange.ts';
import { certificateHashes, type Invitation } from '../node/exchange/invitation.ts';
import type { RequestPlace } from '../node/exchange/outcomes.ts';
import { getBundle } from '../node/trust/read-bundle.ts';

/** The longest lifetime that Signature Version 4 allows. */
export const MAX_INVITATION_SECONDS = 7 * 24 * 3600;
const DEFAULT_SECONDS = 24 * 3600;

export interface InvitationOptions extends RequestPlace {
  readonly trustDomain: string;
  readonly names: readonly CertificateName[];
  /** If undefined, a day, or as long as the credentials are valid. */
  readonly expiresSeconds: number | undefined;
}

/** @throws CommandError if it would outlive the credentials that sign it, or the trust domain does not exist */
export async function makeInvitation(
  client: S3Client,
  bucket: string,
  exchange: Exchange,
  options: InvitationOptions,
  now: Date,
): Promise<Invitation> {
  const { cluster, node, request, trustDomain, names, expiresSeconds } = options;
  const { expiration } = await client.config.credentials();
  const seconds = lifetime(expiresSeconds, expiration, now);
  const sign = await signer(client, bucket, seconds, now);
  const needed = new Set<CaName>(['ca', ...names.map((name) => profileOf(name).ca)]);
  const bundles = await Promise.all(
    CA_NAMES.map(async (ca) => {
      const bundle = await bundleOf(exchange, trustDomain, ca, sign);
      if (!bundle && needed.has(ca)) throw noBundle(trustDomain, ca);
      return [ca, bundle] as const;
    }),
  );
  const trust = Object.fromEntries(bundles.filter(([, bundle]) => bundle)) as Invitation['trust'];
  const requests = await Promise.all(
    names
      .flatMap((name) => pathsOf(profileOf(name)))
      .map(async (path) => {
        const address = parseRequestKey(requestKey({ cluster, node, requestId: request, path }));
        if (!address) throw new Error(`${path}: not the path of a request`);
        const keys = outcomeKeys(address);
        return {
          path,
          put: await sign.put(address.key),
          get: await sign.get(address.key),
          certificate: await sign.get(keys.certificate),
          rejected: await sign.get(keys.rejected),
          pending: await sign.get(keys.pending),
        };
      }),
  );
  const expiresAt = new Date(now.getTime() + seconds * 1000).toISOString();
  const place = { cluster, node, request, trustDomain, expiresAt };
  return { cakelessInvitation: 1, ...place, trust, requests };
}

/** A URL stops working when the credentials that signed it expire, even if its own expiry is later. */
function lifetime(wanted: number | undefined, expiration: Date | undefined, now: Date): number {
  const left = expiration
    ? Math.floor((expiration.getTime() - now.getTime()) / 1000)
    : MAX_INVITATION_SECONDS;
  const most = Math.min(left, MAX_INVITATION_SECONDS);
  if (most < 1) throw new CommandError('usage', 'the AWS credentials have expired');
  if (wanted === undefined) return Math.min(most, DEFAULT_SECONDS);
  if (wanted >= 1 && wanted <= most) return wanted;
  throw new CommandError(
    'usage',
    `the invitation can be valid for at most ${most} seconds, not ${wanted}`,
    left < MAX_INVITATION_SECONDS
      ? `the AWS credentials expire at ${expiration?.toISOString()}; use a longer role session`
      : 'Signature Version 4 allows at most 7 days',
  );
}

async function signer(client: S3Client, Bucket: string, expiresIn: number, signingDate: Date) {
  const [{ getSignedUrl }, { GetObjectCommand, PutObjectCommand }] = await Promise.all([
    import('@aws-sdk/s3-request-presigner'),
    import('@aws-sdk/client-s3'),
  ]);
  const settings = { expiresIn, signingDate };
  return {
    get: (Key: string) => getSignedUrl(client, new GetObjectCommand({ Bucket, Key }), settings),
    /** The URL works only with the header `If-None-Match: *`, which is signed. */
    put: (Key: string) =>
      getSignedUrl(client, new PutObjectCommand({ Bucket, Key, IfNoneMatch: '*' }), {
        ...settings,
        signableHeaders: new Set(['host', 'if-none-match']),
      }),
  };
}

const noBundle = (trustDomain: string, ca: CaName) =>
  new CommandError(
    'usage',
    `${bundleKey(trustDomain, ca)}: no such trust bundle`,
    `check that ${trustDomain} is the trust domain of the cluster; its bundles can be ${Object.values(BUNDLE_PATHS).join(', ')}`,
  );

/** undefined if the trust domain has no such CA. */
async function bundleOf(
  exchange: Exchange,
  trustDomain: string,
  ca: CaName,
  sign: { get(key: string): Promise<string> },
) {
  const key = bundleKey(trustDomain, ca);
  const object = await getBundle(exchange, trustDomain, ca);
  const sha256 = certificateHashes(Buffer.from(object?.body ?? '').toString('latin1'));
  return sha256.length === 0 ? undefined : { get: await sign.get(key), sha256 };
}
