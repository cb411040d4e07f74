/** How the CA files differ from what the service publishes, and what `--accept-ca-change` would change. Writes nothing. */
import type { CaName, CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import type { NodeFolders } from '../disk/places.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { lastTrustDomain } from '../exchange/last-trust-domain.ts';
import type { CaChangeOptions } from '../trust/accepted-change.ts';
import { checkStayingCertificates, decideCaChange } from '../trust/ca-change.ts';
import { readOptionalBundle } from '../trust/optional-ca.ts';
import { type PublishedBundle, readBundle } from '../trust/read-bundle.ts';
import { checkOwnKubelet } from './own-kubelet.ts';
import { stayingCertificates } from './staying-certificates.ts';

export interface CaChangePreview {
  readonly differences: readonly string[];
  /** Why the change would be refused, or why the files could not be compared. */
  readonly problem?: string;
}

const UNKNOWN =
  'the trust domain is unknown, because the service has issued no certificate to this node yet';

const HOW_TO_CHANGE =
  'certificates of a CA that these files lack would not be installed; --accept-ca-change with a --ca-cert-hash for each new CA changes them';

interface PreviewOptions {
  readonly cluster: string;
  readonly node: string;
  readonly caChange: CaChangeOptions;
}

/** Without an accepted change, the service need not be reachable for a dry run. */
export async function previewCaChange(
  connect: () => Promise<Exchange>,
  options: PreviewOptions,
  names: readonly CertificateName[],
  folders: NodeFolders,
): Promise<CaChangePreview> {
  if (options.caChange.accept) return compare(await connect(), options, names, folders);
  try {
    const { differences, problem } = await compare(await connect(), options, names, folders);
    if (problem !== undefined) return { differences, problem };
    return differences.length > 0 ? { differences, problem: HOW_TO_CHANGE } : { differences };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { differences: [], problem: `not compared with those of the service: ${reason}` };
  }
}

async function compare(
  exchange: Exchange,
  { cluster, node, caChange: options }: PreviewOptions,
  names: readonly CertificateName[],
  folders: NodeFolders,
): Promise<CaChangePreview> {
  const trustDomain = await lastTrustDomain(exchange, { cluster, node });
  if (trustDomain === undefined) return { differences: [], problem: UNKNOWN };
  const published = new Map<CaName, PublishedBundle>(
    await Promise.all(
      [...new Set(names.map((name) => profileOf(name).ca))].map(
        async (ca) => [ca, await readBundle(exchange, trustDomain, ca)] as const,
      ),
    ),
  );
  for (const [ca, bundle] of await readOptionalBundle(exchange, trustDomain, folders, options))
    published.set(ca, bundle);
  const { differences } = decideCaChange(folders, published, { ...options, accept: false });
  if (!options.accept) return { differences };
  try {
    const decision = decideCaChange(folders, published, options);
    checkStayingCertificates(decision, folders, stayingCertificates(folders, names));
    checkOwnKubelet(decision, folders);
    return { differences };
  } catch (error) {
    return { differences, problem: error instanceof Error ? error.message : String(error) };
  }
}
