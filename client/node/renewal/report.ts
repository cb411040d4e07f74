/** The result of a renewal, certificate by certificate. */
import { isoDate } from '../../../lib/certificate/iso-date.ts';
import type { RotationPhase } from '../../../lib/contract/rotation-phases.ts';
import type { CaName, CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { placeOf } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';
import type { Gathered } from '../evidence/recall-evidence.ts';
import type { Waiting } from '../evidence/waiting.ts';
import type { RestartDeps } from '../restart/deps.ts';
import type { RestartResult } from '../restart/restart.ts';
import type { CaDecision } from '../trust/ca-change.ts';
import type { CheckedOutcome } from './check-outcome.ts';
import type { RenewalOutcome } from './outcomes.ts';
import type { ClosedName } from './request-id-taken.ts';

export interface CertificateReport {
  readonly name: CertificateName;
  readonly outcome: 'renewed' | 'rejected' | 'pending' | 'no-outcome' | 'check-failed' | 'skipped';
  readonly request?: string;
  readonly notAfter?: string;
  readonly violations?: RenewalOutcome['violations'];
  readonly problems?: readonly string[];
  readonly waitingFor?: string;
  /** Key of a request that waits for an approver. */
  readonly requestKey?: string;
  readonly reason?: string;
  readonly isError?: boolean;
  readonly isAbsent?: boolean;
}

export interface RenewReport {
  readonly cluster: string;
  readonly node: string;
  readonly certificates: readonly CertificateReport[];
  readonly restarts: readonly RestartResult[];
  /** How the service's CA bundles differ from the CA files of this node. */
  readonly caDifferences: readonly string[];
  readonly notes: readonly string[];
  /** Absent if the trust domain was never rotated. */
  readonly rotation?: RotationReport;
  /** Folder with the old files; absent if nothing was installed. */
  readonly backup?: string;
}

export interface RotationReport {
  /** Absent if what is published is older than what this node has seen. */
  readonly sequence?: number;
  /** Absent if no rotation is under way. */
  readonly ca?: CaName;
  readonly phase?: RotationPhase;
  readonly isReplayed: boolean;
  /** What the rotation asks for, and this node does not do: why. */
  readonly refused: readonly string[];
  /** What it has not replaced or proved yet: why. */
  readonly left: readonly string[];
  /** Components that have not read their CA files. */
  readonly waiting: readonly Waiting[];
}

/** With what the node could not prove, and the components that it waits for. @param gathered after the run */
export function withEvidence(
  report: RenewReport,
  gathered: Pick<Gathered, 'left' | 'waiting'> | undefined,
): RenewReport {
  const { rotation } = report;
  if (!rotation || rotation.isReplayed || !gathered) return report;
  const left = gathered.left.filter((line) => !rotation.refused.includes(line));
  return { ...report, rotation: { ...rotation, left, waiting: gathered.waiting } };
}

/** Read back from the files of the node. */
export function reportRenewed({ folders }: RestartDeps, name: CertificateName): CertificateReport {
  const place = readPlace(placeOf(name, folders));
  if (place.state !== 'present' || place.problems.length > 0)
    throw new Error(`${name}: changed after it was installed`);
  return { name, outcome: 'renewed', notAfter: isoDate(place.leaf.validTo) };
}

export function reportUnissued(outcome: RenewalOutcome): CertificateReport {
  const { name, state, request, violations, problems, waitingFor, requestKey } = outcome;
  return {
    name,
    outcome: state === 'issued' ? 'renewed' : state,
    request: request.request,
    ...(violations && { violations }),
    ...(problems && { problems }),
    ...(waitingFor !== undefined && { waitingFor }),
    ...(requestKey !== undefined && { requestKey }),
  };
}

export const reportIdTaken = ({ name, request }: ClosedName): CertificateReport => ({
  name,
  request,
  outcome: 'check-failed',
  problems: [
    'another CSR was uploaded under this request id, and its key is not on this node; the next run requests a new one',
  ],
});

const HOW_TO_CHANGE =
  '--accept-ca-change with a --ca-cert-hash for each new CA would change these files and restart the components that use them';

export function reportFailed(
  { outcome: { name, request }, problems, isSpent }: CheckedOutcome,
  { differences, caFiles }: CaDecision,
): CertificateReport {
  const mayChange = differences.length > 0 && caFiles.size === 0;
  return {
    name,
    outcome: 'check-failed',
    request: request.request,
    problems: [
      ...problems,
      ...(isSpent ? ['it can never become valid; the next run requests a new one'] : []),
      ...(mayChange ? [...differences, HOW_TO_CHANGE] : []),
    ],
  };
}
