/** Writes new CAs into the document of a trust domain, and publishes the bundles and chains of all. */
import { certificatesIn } from '../certificate/pem.ts';
import type { CaVersion, CaVersions } from '../contract/trust-domain.ts';
import {
  bundleKey,
  casOf,
  chainKey,
  originOf,
  type TrustDomainDocument,
  trustDomainKey,
  trustDomainSchema,
} from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';
import {
  checkDocument,
  formatDocument,
  JSON_TYPE,
  type JsonObject,
  PEM_TYPE,
  readJsonObject,
} from '../store/documents.ts';

export interface CreatedTrustDomain {
  readonly document: TrustDomainDocument;
  /** Whether this call created it. */
  readonly created: boolean;
  /** The CAs that this call added: all of them if it created the trust domain. */
  readonly added: readonly CaName[];
}

/** The first versions of CAs. */
export type NewCas = Partial<Record<CaName, CaVersion>>;

/** Only a call that adds another CA to the same trust domain at the same time makes a second attempt necessary. */
const MAX_ATTEMPTS = 10;

/**
 * @param prepare makes the CAs that the trust domain lacks, given its document, or nothing if it has all. It is called again
 * after the document was written, by this call or by another.
 */
export async function addCas(
  service: Service,
  trustDomain: string,
  prepare: (document: TrustDomainDocument | undefined) => Promise<NewCas>,
): Promise<CreatedTrustDomain> {
  const key = trustDomainKey(trustDomain);
  let [created, added]: [boolean, readonly CaName[]] = [false, []];
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const stored = await readJsonObject(service.authority, key);
    const document = stored && checkDocument(stored.value, key, trustDomainSchema);
    const cas = await prepare(document);
    const names = Object.keys(cas) as CaName[];
    if (document && names.length === 0) {
      await publishBundles(service, document);
      return { document, created, added };
    }
    if (!(await writeCas(service, trustDomain, stored, cas))) continue; // another call was faster
    created = !stored;
    added = names;
  }
  throw new Fault('unavailable', `${key}: other calls kept changing it; try again`);
}

/**
 * What is stored stays, including fields that only a later release knows.
 * @returns whether it was written: not if the document was created or changed since it was read
 */
async function writeCas(
  { authority }: Service,
  trustDomain: string,
  stored: JsonObject | undefined,
  cas: NewCas,
): Promise<boolean> {
  const key = trustDomainKey(trustDomain);
  const before = stored?.value as TrustDomainDocument | undefined;
  const value = { ...before, trustDomain, cas: { ...before?.cas, ...versionsOf(cas) } };
  const text = formatDocument(value);
  if (!stored) return (await authority.create(key, text, JSON_TYPE)) === 'created';
  return (await authority.replace(key, text, JSON_TYPE, stored.object.eTag)) === 'replaced';
}

const versionsOf = (cas: NewCas): Partial<Record<CaName, CaVersions>> =>
  Object.fromEntries(
    Object.entries(cas).map(([ca, only]) => [ca, { signing: only.version, versions: [only] }]),
  );

/**
 * The version that signs comes first: kubeadm reads only the first certificate of a CA file. A bundle never has a
 * certificate above a CA: every certificate below that would be trusted, and with `ca` be a user of Kubernetes.
 */
export async function publishBundles(
  service: Service,
  document: TrustDomainDocument,
): Promise<void> {
  for (const [ca, { signing, versions }] of casOf(document)) {
    const inOrder = [...versions].sort(
      (a, b) => Number(b.version === signing) - Number(a.version === signing),
    );
    const bundle = inOrder.map(({ certificate }) => certificate).join('');
    await service.exchange.put(bundleKey(document.trustDomain, ca), bundle, PEM_TYPE);
    const chain = chainsOf(inOrder);
    if (chain !== '')
      await service.exchange.put(chainKey(document.trustDomain, ca), chain, PEM_TYPE);
  }
}

/** Subordinate CAs with the certificates above them, each certificate once; empty if none of them is subordinate. */
function chainsOf(versions: readonly CaVersion[]): string {
  const subordinate = versions.filter((version) => originOf(version) === 'subordinate');
  const all = subordinate.flatMap(({ certificate, chain = '' }) =>
    certificatesIn(certificate + chain),
  );
  return [...new Set(all)].map((pem) => `${pem}\n`).join('');
}
