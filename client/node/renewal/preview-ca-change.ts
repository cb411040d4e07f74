/** How the CA files differ from what the service publishes, and what `--accept-ca-change` would change. Writes nothing. */
import type { CaName, CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { parseCertificates } from '../disk/fingerprints.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { CaChangeOptions } from '../trust/accepted-change.ts';
import type { ReachApiServer } from '../trust/api-server.ts';
import {
  type CaDecision,
  casOfFiles,
  checkStayingCertificates,
  decideCaChange,
} from '../trust/ca-change.ts';
import { changeChains } from '../trust/chain-change.ts';
import type { PublishedBundle } from '../trust/read-bundle.ts';
import { type NodeCertificate, turnBundles } from '../trust/turn-bundles.ts';
import { checkApiServer } from './check-api-server.ts';
import { checkOwnKubelet } from './own-kubelet.ts';
import {
  findTrustDomain,
  readPublished,
  type TrustDomainSources,
  UNKNOWN_TRUST_DOMAIN,
} from './published-bundles.ts';
import { stayingCertificates, stayingOnNode } from './staying-certificates.ts';

export interface CaChangePreview {
  readonly differences: readonly string[];
  /** CAs whose files would get other certificates. */
  readonly cas: readonly CaName[];
  /** Files that would get other certificates: those of CAs, and of what is above them. */
  readonly files: readonly string[];
  /** Of these, those that only get renewed certificates, which no component has to read before its next start. */
  readonly unread: readonly string[];
  /** Why the change would be refused, or why the files could not be compared. */
  readonly problem?: string;
}

/** --trust-domain is an option of an accepted change only; without one, the first certificate names the trust domain. */
const unknown = (accept: boolean): string =>
  accept
    ? `${UNKNOWN_TRUST_DOMAIN}; name it with --trust-domain`
    : `not compared with those of the service: ${UNKNOWN_TRUST_DOMAIN}; the first certificate from the service names it`;

const HOW_TO_CHANGE =
  'certificates of a CA that these files lack would not be installed; --accept-ca-change with a --ca-cert-hash for each new CA changes them';

const NOTHING = { differences: [], cas: [], files: [], unread: [] };

interface PreviewOptions extends TrustDomainSources {
  readonly reach: ReachApiServer | undefined;
  readonly caChange: CaChangeOptions;
  readonly now: Date;
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
    const found = await compare(await connect(), options, names, folders);
    const { differences, files, problem } = found;
    if (problem !== undefined || differences.length === files.length) return found;
    return { ...found, problem: HOW_TO_CHANGE };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const problem = `not compared with those of the service: ${reason}`;
    return { ...NOTHING, problem };
  }
}

async function compare(
  exchange: Exchange,
  { caChange: options, reach, now, ...sources }: PreviewOptions,
  names: readonly CertificateName[],
  folders: NodeFolders,
): Promise<CaChangePreview> {
  const trustDomain = await findTrustDomain(exchange, sources);
  if (trustDomain === undefined) return { ...NOTHING, problem: unknown(options.accept === true) };
  const domains = new Map(names.map((name) => [profileOf(name).ca, trustDomain] as const));
  const wholeNode = options.accept ? trustDomain : undefined;
  const published = await readPublished(exchange, domains, wholeNode, folders, options);
  const decide = (by: CaChangeOptions) =>
    changeChains(decideCaChange(folders, published, by, now), folders, published, by);
  const unaccepted = decide({ ...options, accept: false });
  const { differences, caFiles } = unaccepted;
  // chains that follow what is published, and renewed certificates, are no change that a person has to accept
  const files = [...caFiles.keys()];
  const unreadOf = ({ onlyRenewed }: CaDecision) =>
    [...onlyRenewed].map((ca) => caFileOf(ca, folders));
  if (!options.accept)
    return {
      differences,
      cas: casOfFiles(unaccepted, folders),
      files,
      unread: unreadOf(unaccepted),
    };
  try {
    const decision = decide(options);
    const staying = stayingCertificates(folders, names);
    checkStayingCertificates(decision, folders, staying);
    checkOwnKubelet(decision, folders);
    await checkApiServer(reach, decision, folders, names);
    const turned = turnBundles(decision, folders, published, [
      ...staying.map(stayingOnNode),
      ...names.map((name) => foreseen(name, published)),
    ]);
    const cas = casOfFiles(decision, folders);
    return {
      ...{ differences: turned.differences, cas, files: [...decision.caFiles.keys()] },
      unread: unreadOf(decision),
    };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { ...NOTHING, differences, problem };
  }
}

/** The CA that signs is the first that is published. */
function foreseen(
  name: CertificateName,
  published: ReadonlyMap<CaName, PublishedBundle>,
): NodeCertificate {
  const { ca } = profileOf(name);
  const bundle = published.get(ca);
  const [signing] = bundle && 'pem' in bundle ? parseCertificates(bundle.pem) : [];
  return { ca, chainsTo: (one) => one.fingerprint256 === signing?.fingerprint256 };
}
