/** The steps of `cakeless prepare`: keys and CSRs, ask, wait, trust, check, write, look at all of it as kubeadm will. */
import type { ViolationDocument } from '../../../lib/contract/outcomes.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import type { Clock } from '../../clock.ts';
import type { NodeConfig } from '../../kubeadm/node-config.ts';
import type { Terminal } from '../../terminal.ts';
import type { NodeFolders } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';
import { askUntil } from '../exchange/ask-until.ts';
import { ANSWER_SECONDS } from '../fetch/fetch.ts';
import type { TrustedCa } from '../trust/first-trust.ts';
import type { Pins } from '../trust/pins.ts';
import { type Answer, type Asked, answerOf, ask, outcomesOf } from './ask.ts';
import { completeRequest } from './keys-and-csrs.ts';
import { nextCommand } from './next-command.ts';
import type { PlannedCertificate } from './plan.ts';
import { findHindrances, type Hindrance } from './preflight.ts';
import { receiveAll } from './receive-all.ts';
import { prepareServiceAccountKey } from './service-account.ts';
import { sweepLeftovers } from './sweep-leftovers.ts';

export interface Preparation {
  readonly exchange: ObjectStore;
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly config: NodeConfig;
  readonly folders: NodeFolders;
  /** Where a kubelet that ran here before would have left its certificate. */
  readonly kubeletDir: string | undefined;
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
  readonly violations?: readonly ViolationDocument[];
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
  const { kubeletDir } = preparation;
  const hindrances = findHindrances(config, { ...folders, kubeletDir }, clock.now());
  const wasThere = planned
    .filter(({ isThere }) => isThere)
    .map(({ name, place }) => ({
      ...{ name, file: fileOf(place), state: 'was-there' as const },
      ...endOf(place),
    }));
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

function endOf(place: PlannedCertificate['place']): { notAfter?: string } {
  const found = readPlace(place);
  return found.state === 'present' ? { notAfter: new Date(found.leaf.validTo).toISOString() } : {};
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
