/**
 * A probe certificate: of the new CA, for a user without rights, for an hour. Its key is never written: a run that is
 * interrupted leaves nothing, and the next one requests another.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { certificatesIn, certificateToPem } from '../../../lib/certificate/pem.ts';
import { requestKey } from '../../../lib/contract/request-key.ts';
import type { KeyKind } from '../../../lib/csr/public-key.ts';
import { readRequest } from '../../../lib/csr/read-request.ts';
import { LIMITS } from '../../../lib/limits.ts';
import type { CaName, ProbeName } from '../../../lib/profiles/certificate-names.ts';
import type { Clock } from '../../clock.ts';
import type { Terminal } from '../../terminal.ts';
import { makeCsr } from '../csr/make-csr.ts';
import { makePrivateKey } from '../disk/private-key.ts';
import { type Exchange, upload } from '../exchange/exchange.ts';
import { explainEach } from '../exchange/outcome-documents.ts';
import { type NodePlace, type Outcome, outcomeKeysUnder, outcomeOf } from '../exchange/outcomes.ts';
import { pollOutcomes } from '../exchange/poll-outcomes.ts';
import { newRequestId } from '../exchange/request-id.ts';
import { checkCertificate } from '../trust/check-certificate.ts';
import type { ClientPair } from './ask-server.ts';
import { PROBE_USER } from './judge-answer.ts';

export interface ProbeDeps {
  readonly clock: Clock;
  readonly terminal: Terminal;
  exchange(): Promise<Exchange>;
}

export type ProbeCa = Extract<CaName, 'ca' | 'etcd-ca'>;

export interface WantedProbe {
  readonly ca: ProbeCa;
  /** The certificate of the new CA, as this node has it. */
  readonly issuer: { readonly raw: Uint8Array };
  /** Like those of the node's other certificates, which its cluster record allows. */
  readonly keyKind: KeyKind;
}

export type ObtainedProbe = { readonly pair: ClientPair } | { readonly problem: string };

/** The certificate names of probes, which are their paths, too. */
const NAMES: Readonly<Record<ProbeCa, ProbeName>> = { ca: 'probe-ca', 'etcd-ca': 'probe-etcd-ca' };

/** As for other certificates that need no approval, after a lost event. */
const WAIT_SECONDS = 60;

/** Never throws: without a probe the servers stay unproved, but the run is otherwise fine. */
export async function obtainProbe(
  deps: ProbeDeps,
  place: NodePlace,
  wanted: WantedProbe,
): Promise<ObtainedProbe> {
  const name = NAMES[wanted.ca];
  try {
    const obtained = await request(deps, place, wanted, name);
    return 'pair' in obtained ? obtained : { problem: `${name}: ${obtained.problem}` };
  } catch (error) {
    return { problem: `${name}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

async function request(
  deps: ProbeDeps,
  { cluster, node }: NodePlace,
  { issuer, keyKind }: WantedProbe,
  name: string,
): Promise<ObtainedProbe> {
  const keyPem = await makePrivateKey(keyKind);
  const subject = { commonName: PROBE_USER, organizations: [] };
  const csr = Buffer.from(makeCsr({ subject, names: [] }, createPrivateKey(keyPem)));
  const requestId = newRequestId(deps.clock.now());
  const key = requestKey({ cluster, node, requestId, path: `${name}.csr` });
  const exchange = await deps.exchange();
  await upload(exchange, key, csr);
  deps.terminal.progress(`requested ${name}, to find out which servers accept the new CA`);
  const wait = { seconds: WAIT_SECONDS, forApprovals: false, afterUpload: true };
  const [outcome] = await pollOutcomes(deps, wait, async () => {
    const found = await outcomeKeysUnder(exchange, { cluster, node }, requestId);
    return [{ ...outcomeOf(key, found), name }];
  });
  if (outcome?.state !== 'issued' || outcome.key === undefined)
    return { problem: await explainMissing(exchange, outcome) };
  const object = await exchange.get(outcome.key, LIMITS.maxOutcomeBytes);
  const text = Buffer.from(object?.body ?? '').toString('latin1');
  const { request: requested } = readRequest(csr);
  if (!requested) throw new Error('its CSR cannot be read'); // it was created above
  const problems = checkCertificate(text, {
    profile: { extendedKeyUsages: ['clientAuth'] },
    request: requested,
    key: createPublicKey(keyPem),
    trustBundle: certificateToPem(issuer.raw),
    now: deps.clock.now(),
  });
  if (problems.length > 0) return { problem: problems.join('; ') };
  // without the cross certificate, with which a server that knows only the old CA would accept the leaf
  const [cert = ''] = certificatesIn(text);
  return { pair: { cert, key: keyPem } };
}

async function explainMissing(exchange: Exchange, outcome: Outcome | undefined): Promise<string> {
  if (outcome === undefined || outcome.state === 'no-outcome')
    return `the service wrote no outcome within ${WAIT_SECONDS}s`;
  const { violations = [], problems = [] } = await explainEach(exchange, outcome);
  const [first] = violations;
  const reason = first
    ? `${first.code}: ${first.field} is ${first.got}; allowed: ${first.allowed}`
    : problems.join('; ');
  return `its request is ${outcome.state}${reason === '' ? '' : `: ${reason}`}`;
}
