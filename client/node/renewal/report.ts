/** What a renewal came to, certificate by certificate. */
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { placeOf } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';
import type { RestartResult, RestartWorld } from '../restart/restart.ts';
import type { Trust } from '../trust/ca-change.ts';
import type { Answer } from './answers.ts';
import type { CheckedAnswer } from './check-answer.ts';
import type { Taken } from './request-id-taken.ts';

export interface CertificateReport {
  readonly name: CertificateName;
  readonly outcome: 'renewed' | 'rejected' | 'pending' | 'unanswered' | 'check-failed' | 'left-out';
  readonly request?: string;
  readonly notAfter?: string;
  readonly violations?: Answer['violations'];
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
  /** How the service's CA bundles differ from the CA files here. */
  readonly caDifferences: readonly string[];
  readonly notes: readonly string[];
  /** Folder that holds the old files; absent if nothing was installed. */
  readonly backup?: string;
}

/** Read back from the node: what is reported is what is there. */
export function reportRenewed({ folders }: RestartWorld, name: CertificateName): CertificateReport {
  const place = readPlace(placeOf(name, folders));
  if (place.state !== 'present' || place.problems.length > 0)
    throw new Error(`${name}: is not as it was installed`);
  return { name, outcome: 'renewed', notAfter: new Date(place.leaf.validTo).toISOString() };
}

export function reportUnissued({ name, state, request, ...answer }: Answer): CertificateReport {
  const { violations, waitingFor, requestKey } = answer;
  return {
    ...{ name, outcome: state === 'issued' ? 'renewed' : state, request: request.request },
    ...(violations && { violations }),
    ...(waitingFor !== undefined && { waitingFor }),
    ...(requestKey !== undefined && { requestKey }),
  };
}

export const reportTaken = ({ name, request }: Taken): CertificateReport => ({
  ...{ name, request, outcome: 'check-failed' },
  problems: [
    'another CSR was uploaded under this request id, whose key is not on this node: the next run asks anew',
  ],
});

const HOW_TO_CHANGE =
  '--accept-ca-change with a --ca-cert-hash for each new CA would change these files, and restart what reads them';

export function reportFailed(
  { answer: { name, request }, problems, isSpent }: CheckedAnswer,
  { differences, caFiles }: Trust,
): CertificateReport {
  const mayChange = differences.length > 0 && caFiles.size === 0;
  return {
    ...{ name, outcome: 'check-failed' as const, request: request.request },
    problems: [
      ...problems,
      ...(isSpent ? ['it can not become good any more: the next run asks anew'] : []),
      ...(mayChange ? [...differences, HOW_TO_CHANGE] : []),
    ],
  };
}
