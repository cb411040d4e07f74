/** The steps of `cakeless prepare`: keys and CSRs, ask, wait, trust, check, write, look at all of it as kubeadm will. */
import { createPublicKey } from 'node:crypto';
import * as z from 'zod/mini';
import { LIMITS } from '../../../lib/door/limits.ts';
import { readRequest } from '../../../lib/door/read-request.ts';
import { CA_NAMES, type CaName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { readJson } from '../../../lib/store/documents.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import type { Clock } from '../../clock.ts';
import type { NodeConfig } from '../../kubeadm/node-config.ts';
import type { Terminal } from '../../terminal.ts';
import { askUntil } from '../ask-until.ts';
import { checkCertificate } from '../check-certificate.ts';
import { ANSWER_SECONDS } from '../fetch.ts';
import type { NodeFolders } from '../places.ts';
import { type Answer, type Asked, answerOf, ask, outcomesOf } from './ask.ts';
import { installCa, installCertificate } from './install.ts';
import { completeRequest } from './keys-and-csrs.ts';
import { nextCommand } from './next-command.ts';
import type { Pins } from './pins.ts';
import type { PlannedCertificate } from './plan.ts';
import { findHindrances, type Hindrance } from './preflight.ts';
import { prepareServiceAccountKey } from './service-account.ts';
import { sweepLeftovers } from './sweep-leftovers.ts';
import { judgeDisk, readTrust, type TrustedCa } from './trust.ts';

export interface Preparation {
  readonly exchange: ObjectStore;
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly config: NodeConfig;
  readonly folders: NodeFolders;
  readonly planned: readonly PlannedCertificate[];
  readonly cluster: string;
  readonly pins: Pins;
  readonly saKeyFrom: string | undefined;
  /** undefined waits a little for answers, and not for approvers. */
  readonly waitSeconds: number | undefined;
}

export interface PreparedCertificate {
  readonly name: string;
  readonly file: string;
  readonly state: 'was-there' | 'written' | 'rejected' | 'pending' | 'unanswered' | 'check-failed';
  readonly notAfter?: string;
  readonly request?: string;
  readonly violations?: readonly z.infer<typeof violationSchema>[];
  readonly problems?: readonly string[];
  readonly waitingFor?: string;
}

export interface Prepared {
  readonly certificates: readonly PreparedCertificate[];
  readonly trust: readonly Pick<TrustedCa, 'ca' | 'file' | 'sha256' | 'trustedBy'>[];
  /** Why the CAs are not believed; nothing of theirs is written then. */
  readonly trustProblems: readonly string[];
  /** sa.key: not on workers. */
  readonly serviceAccountKey?: string;
  /** What kubeadm would trip over, in its order. */
  readonly hindrances: readonly Hindrance[];
  /** The command to run; only where nothing is left to do. */
  readonly next?: string;
}

const text = z.string();
const violationSchema = z.object({ code: text, field: text, got: text, allowed: text, fix: text });
const rejectedSchema = z.object({ violations: z.array(violationSchema) });
const pendingSchema = z.object({ waitingFor: text });

/** To be called with the run lock held. */
export async function prepareNode(preparation: Preparation): Promise<Prepared> {
  const { exchange, config, folders, planned, cluster, terminal, clock } = preparation;
  await sweepLeftovers(planned, folders);
  const serviceAccountKey =
    config.role === 'worker'
      ? undefined
      : await prepareServiceAccountKey(config, folders.certDir, preparation.saKeyFrom);
  const open = planned.filter(({ isThere }) => !isThere);
  const ready = [];
  for (const item of open) {
    terminal.progress(`${item.csr ? 'found' : 'made'} the CSR of ${item.name}`);
    ready.push(await completeRequest(item, config));
  }
  const asker = { cluster, node: config.nodeName };
  const asked = ready.length > 0 ? await ask(exchange, asker, ready) : [];
  const answers = await waitForAnswers(preparation, asked);
  const { results, trust, trustProblems } = await receiveAll(preparation, asked, answers);
  const hindrances = findHindrances(config, folders, clock.now());
  const wasThere = planned
    .filter(({ isThere }) => isThere)
    .map(({ name, place }) => ({ name, file: fileOf(place), state: 'was-there' as const }));
  const isDone = hindrances.length === 0 && trustProblems.length === 0;
  return {
    certificates: [...wasThere, ...results],
    trust: trust.map(({ ca, file, sha256, trustedBy }) => ({ ca, file, sha256, trustedBy })),
    trustProblems,
    ...(serviceAccountKey && { serviceAccountKey }),
    hindrances,
    ...(isDone && results.every(({ state }) => state === 'written')
      ? { next: nextCommand(config, folders) }
      : {}),
  };
}

const fileOf = (place: PlannedCertificate['place']) =>
  place.kind === 'pair' ? place.certificateFile : place.file;

async function waitForAnswers(
  { exchange, cluster, config, clock, terminal, waitSeconds }: Preparation,
  asked: readonly Asked[],
): Promise<Answer[]> {
  const isOpen = ({ state }: Answer) =>
    state === 'unanswered' || (state === 'pending' && waitSeconds !== undefined);
  return askUntil({
    ...{ clock, terminal, seconds: waitSeconds ?? ANSWER_SECONDS },
    ask: async () => {
      const known = await outcomesOf(exchange, { cluster, node: config.nodeName });
      return asked.map(({ requestKey }) => answerOf(requestKey, known));
    },
    openIn: (answers) =>
      asked.filter((_, i) => answers[i] && isOpen(answers[i])).map(({ name }) => name),
  });
}

/** Certificates are written only after all CAs that the node needs are trusted. */
async function receiveAll(
  preparation: Preparation,
  asked: readonly Asked[],
  answers: readonly Answer[],
) {
  const { exchange, config, folders, pins } = preparation;
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
  if (isTrusted) for (const ca of judged.trusted) await installCa(ca);
  const results: PreparedCertificate[] = [];
  for (const [i, item] of asked.entries()) {
    const answer = answers[i] ?? { state: 'unanswered', key: undefined };
    const body = objects[i]?.body;
    results.push(
      answer.state === 'issued' && !isTrusted
        ? { ...about(item), state: 'check-failed', problems: ['its CA is not trusted'] }
        : await receiveOne(preparation, item, answer, body, judged.trusted),
    );
  }
  return { results, trust: isTrusted ? judged.trusted : [], trustProblems: judged.problems };
}

function casOf({ role, externalEtcd }: NodeConfig): CaName[] {
  if (role === 'worker') return ['ca'];
  return CA_NAMES.filter((ca) => !(externalEtcd && ca === 'etcd-ca'));
}

const about = ({ name, place, requestKey }: Asked) => ({
  name,
  file: fileOf(place),
  request: requestKey.replace(/^requests\//, ''),
});

async function receiveOne(
  { exchange, config, clock }: Preparation,
  item: Asked,
  { state, key }: Answer,
  body: Uint8Array | undefined,
  trusted: readonly TrustedCa[],
): Promise<PreparedCertificate> {
  if (state === 'rejected' && key)
    return { ...about(item), state, ...rejectedSchema.parse(await readJson(exchange, key)) };
  if (state === 'pending' && key) {
    const { waitingFor } = pendingSchema.parse(await readJson(exchange, key));
    return { ...about(item), state, waitingFor };
  }
  if (state !== 'issued' || !body) return { ...about(item), state: 'unanswered' };
  const profile = profileOf(item.name);
  const bundleOf = (ca: CaName) => trusted.find((t) => t.ca === ca)?.bundle ?? '';
  const { request } = readRequest(item.csr);
  if (!request) throw new Error(`the CSR of ${item.name} can not be read any more`);
  const pem = Buffer.from(body).toString('latin1');
  const problems = checkCertificate(pem, {
    profile,
    request,
    key: createPublicKey(item.privateKey),
    trustBundle: bundleOf(profile.ca),
    now: clock.now(),
  });
  if (problems.length > 0) return { ...about(item), state: 'check-failed', problems };
  const notAfter = await installCertificate(item, pem, bundleOf('ca'), config);
  return { ...about(item), state: 'written', notAfter: notAfter.toISOString() };
}
