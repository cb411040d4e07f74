/** How the CA files differ from what the service publishes, and what `--accept-ca-change` would change. Writes nothing. */
import type { CaName, CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { parseCertificates } from '../disk/fingerprints.ts';
import { caFileOf } from '../disk/places.ts';
import { accepts, type CaChangeOptions } from '../trust/accepted-change.ts';
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
import { changedCas, domainsToFollow } from './follow-rotation.ts';
import type { RenewalDeps, RenewalOptions } from './options.ts';
import { checkOwnKubelet } from './own-kubelet.ts';
import {
  findTrustDomain,
  type Published,
  readPublished,
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

type PreviewDeps = Pick<
  RenewalDeps,
  'folders' | 'stateDir' | 'clock' | 'exchange' | 'reach' | 'served'
>;

export interface Compared {
  readonly change: CaChangePreview;
  /** What a rotation asks for, and would not be done: why. */
  readonly refused: readonly string[];
}

/** Without an accepted change, the service need not be reachable for a dry run. */
export async function previewCaChange(
  deps: PreviewDeps,
  options: RenewalOptions,
  names: readonly CertificateName[],
): Promise<Compared> {
  if (options.caChange.accept) return compare(deps, options, names);
  try {
    return await compare(deps, options, names);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const problem = `not compared with those of the service: ${reason}`;
    return { change: { ...NOTHING, problem }, refused: [] };
  }
}

async function compare(
  deps: PreviewDeps,
  options: RenewalOptions,
  names: readonly CertificateName[],
): Promise<Compared> {
  const { folders, stateDir } = deps;
  const { caChange, rotation } = options;
  const exchange = await deps.exchange();
  const trustDomain = await findTrustDomain(exchange, { ...options, stateDir });
  if (trustDomain === undefined) {
    const problem = unknown(caChange.accept === true);
    return { change: { ...NOTHING, problem }, refused: [] };
  }
  const domains = new Map([
    ...domainsToFollow(options, folders),
    ...names.map((name) => [profileOf(name).ca, trustDomain] as const),
  ]);
  const wholeNode = caChange.accept ? trustDomain : undefined;
  const published = await readPublished(exchange, domains, wholeNode, folders, caChange);
  const wanted = await changedCas(deps, rotation, published, names, []);
  const refused = wanted.refused.filter(({ ca }) => !accepts(caChange, ca)).map(({ why }) => why);
  const by = { ...caChange, rotated: wanted.rotated };
  return { change: await foresee(deps, by, names, published), refused };
}

async function foresee(
  { folders, reach, clock }: PreviewDeps,
  options: CaChangeOptions,
  names: readonly CertificateName[],
  published: Published,
): Promise<CaChangePreview> {
  const now = clock.now();
  const decide = (by: CaChangeOptions) =>
    changeChains(decideCaChange(folders, published, by, now), folders, published, by);
  const automatic = decide({ ...options, accept: false });
  const { differences } = automatic;
  // chains that follow what is published, renewed certificates, and CAs of a rotation are no change that a person has to accept
  const files = [...automatic.caFiles.keys()];
  const cas = casOfFiles(automatic, folders);
  const unreadOf = ({ onlyRenewed }: CaDecision) =>
    [...onlyRenewed].map((ca) => caFileOf(ca, folders));
  if (!options.accept) {
    const isAutomatic = (line: string) => files.some((file) => line.startsWith(`${file} would `));
    const isDone = differences.every(isAutomatic);
    const unread = unreadOf(automatic);
    return { differences, cas, files, unread, ...(!isDone && { problem: HOW_TO_CHANGE }) };
  }
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
