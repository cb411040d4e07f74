/**
 * Takes what the requests of `cakeless prepare` came to: judges the CAs, checks each certificate against its CA, and
 * only then writes the CAs and the certificates.
 */
import { createPublicKey } from 'node:crypto';
import * as z from 'zod/mini';
import { LIMITS } from '../../../lib/csr/limits.ts';
import { readRequest } from '../../../lib/csr/read-request.ts';
import { CA_NAMES, type CaName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { readJson } from '../../../lib/store/documents.ts';
import type { StoredObject } from '../../../lib/store/object-store.ts';
import type { NodeConfig } from '../../kubeadm/node-config.ts';
import { readPlace } from '../disk/read-place.ts';
import { checkCertificate } from '../trust/check-certificate.ts';
import { judgeDisk, readTrust, type TrustedCa } from '../trust/first-trust.ts';
import { leadsTo } from '../trust/signer.ts';
import type { Answer, Asked } from './ask.ts';
import { installCa, installCertificate } from './install.ts';
import type { PlannedCertificate } from './plan.ts';
import type { Preparation, PreparedCertificate } from './prepare-node.ts';
import { isFileThere } from './write-file.ts';

const text = z.string();
export const violationSchema = z.object({
  ...{ code: text, field: text, got: text, allowed: text, fix: text },
});
const rejectedSchema = z.object({ violations: z.array(violationSchema) });
const pendingSchema = z.object({ waitingFor: text });

export interface Reception {
  readonly results: readonly PreparedCertificate[];
  /** The CAs that are trusted and in place. */
  readonly trust: readonly TrustedCa[];
  readonly trustProblems: readonly string[];
}

/** An issued certificate that is right, and not yet written. */
interface Good {
  readonly item: Asked;
  readonly pem: string;
}

/**
 * Nothing is written unless all CAs that the node needs are trusted, and a CA only when a certificate of this node leads
 * to it: what the bucket calls ca.crt may be another CA that is trusted, too.
 */
export async function receiveAll(
  preparation: Preparation,
  asked: readonly Asked[],
  answers: readonly Answer[],
): Promise<Reception> {
  const { exchange, config, folders, pins, planned } = preparation;
  const objects = await Promise.all(
    answers.map(async ({ state, key }) =>
      state === 'issued' && key ? exchange.get(key, LIMITS.maxObjectBytes) : undefined,
    ),
  );
  const domains = new Set(objects.flatMap((o) => (o ? [o.metadata['trust-domain'] ?? ''] : [])));
  const [domain] = domains;
  const judged =
    domain === undefined
      ? judgeDisk(casOf(config), folders, pins)
      : domains.size > 1
        ? { trusted: [], problems: ['the certificates come from several trust domains'] }
        : await readTrust(exchange, domain, casOf(config), folders, pins);
  const isTrusted = judged.problems.length === 0;
  const checked: (Good | PreparedCertificate)[] = [];
  for (const [i, item] of asked.entries()) {
    const answer = answers[i] ?? { state: 'unanswered', key: undefined };
    checked.push(
      answer.state === 'issued' && !isTrusted
        ? { ...about(item), state: 'check-failed', problems: ['its CA is not trusted'] }
        : await checkOne(preparation, item, answer, objects[i], judged.trusted),
    );
  }
  const good = checked.filter((one) => 'pem' in one);
  const trust = isTrusted
    ? judged.trusted.filter((ca) => isFileThere(ca.file) || isProven(ca, good, planned))
    : [];
  for (const ca of trust) await installCa(ca);
  const caBundle = trust.find(({ ca }) => ca === 'ca')?.bundle ?? '';
  const results: PreparedCertificate[] = [];
  for (const one of checked) results.push('pem' in one ? await write(one, caBundle, config) : one);
  return { results, trust, trustProblems: judged.problems };
}

function casOf({ role, externalEtcd }: NodeConfig): CaName[] {
  if (role === 'worker') return ['ca'];
  return CA_NAMES.filter((ca) => !(externalEtcd && ca === 'etcd-ca'));
}

/** By a certificate that came now, or by one that an earlier run, or somebody, put in place. */
function isProven(
  { ca, bundle }: TrustedCa,
  good: readonly Good[],
  planned: readonly PlannedCertificate[],
): boolean {
  if (good.some(({ item }) => profileOf(item.name).ca === ca)) return true;
  return planned
    .filter(({ name, isThere }) => isThere && profileOf(name).ca === ca)
    .map(({ place }) => readPlace(place))
    .some((place) => place.state === 'present' && leadsTo(place.leaf, bundle));
}

const about = ({ name, place, requestKey }: Asked) => ({
  name,
  file: place.kind === 'pair' ? place.certificateFile : place.file,
  request: requestKey.replace(/^requests\//, ''),
});

async function checkOne(
  { exchange, clock }: Preparation,
  item: Asked,
  { state, key }: Answer,
  object: StoredObject | undefined,
  trusted: readonly TrustedCa[],
): Promise<Good | PreparedCertificate> {
  if (state === 'rejected' && key)
    return { ...about(item), state, ...rejectedSchema.parse(await readJson(exchange, key)) };
  if (state === 'pending' && key) {
    const { waitingFor } = pendingSchema.parse(await readJson(exchange, key));
    return { ...about(item), state, waitingFor };
  }
  if (state !== 'issued' || !object) return { ...about(item), state: 'unanswered' };
  const profile = profileOf(item.name);
  const { request } = readRequest(item.csr);
  if (!request) throw new Error(`the CSR of ${item.name} can not be read any more`);
  const pem = Buffer.from(object.body).toString('latin1');
  const problems = checkCertificate(pem, {
    profile,
    request,
    key: createPublicKey(item.privateKey),
    trustBundle: trusted.find(({ ca }) => ca === profile.ca)?.bundle ?? '',
    now: clock.now(),
  });
  return problems.length > 0 ? { ...about(item), state: 'check-failed', problems } : { item, pem };
}

async function write(
  { item, pem }: Good,
  caBundle: string,
  config: NodeConfig,
): Promise<PreparedCertificate> {
  const notAfter = await installCertificate(item, pem, caBundle, config);
  return { ...about(item), state: 'written', notAfter: notAfter.toISOString() };
}
