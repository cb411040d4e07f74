/** What `--accept-ca-change` would change now. Writes nothing. */
import { trustDomainOfCertificate } from '../../../lib/contract/outcomes.ts';
import { OUTCOME_SUFFIXES } from '../../../lib/contract/prefixes.ts';
import { outcomesPrefix } from '../../../lib/contract/request-key.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import type { NodeFolders } from '../disk/places.ts';
import type { Exchange } from '../exchange/exchange.ts';
import {
  type CaChangeOptions,
  checkStayingCertificates,
  decideCaChange,
} from '../trust/ca-change.ts';
import { readBundle } from '../trust/read-bundle.ts';
import { stayingCertificates } from './staying-certificates.ts';

export interface CaChangePreview {
  readonly differences: readonly string[];
  /** Why the change would be refused. */
  readonly problem?: string;
}

const UNKNOWN =
  'the trust domain is unknown, because the service has issued no certificate to this node yet';

export async function previewCaChange(
  exchange: Exchange,
  { cluster, node }: { cluster: string; node: string },
  names: readonly CertificateName[],
  folders: NodeFolders,
  options: CaChangeOptions,
): Promise<CaChangePreview> {
  const trustDomain = await lastTrustDomain(exchange, outcomesPrefix(cluster, node));
  if (trustDomain === undefined) return { differences: [], problem: UNKNOWN };
  const published = new Map(
    await Promise.all(
      [...new Set(names.map((name) => profileOf(name).ca))].map(
        async (ca) => [ca, await readBundle(exchange, trustDomain, ca)] as const,
      ),
    ),
  );
  const { differences } = decideCaChange(folders, published, { ...options, accept: false });
  try {
    const decision = decideCaChange(folders, published, options);
    checkStayingCertificates(decision, folders, stayingCertificates(folders, names));
    return { differences };
  } catch (error) {
    return { differences, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** The trust domain of the most recently issued certificate. */
async function lastTrustDomain(exchange: Exchange, prefix: string): Promise<string | undefined> {
  let last: { key: string; lastModified: Date } | undefined;
  for await (const object of exchange.list(prefix))
    if (
      object.key.endsWith(OUTCOME_SUFFIXES.certificate) &&
      (!last || object.lastModified >= last.lastModified)
    )
      last = object;
  const object = last && (await exchange.get(last.key, 0));
  return object && (trustDomainOfCertificate(object.metadata) || undefined);
}
