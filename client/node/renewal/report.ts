/** What a renewal came to, certificate by certificate. */
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import type { Trust } from '../install/trust.ts';
import { placeOf } from '../places.ts';
import { readPlace } from '../read-place.ts';
import type { RestartResult, RestartWorld } from '../restart/restart.ts';
import type { Answer } from './answers.ts';

export interface CertificateReport {
  readonly name: CertificateName;
  readonly outcome: 'renewed' | 'rejected' | 'pending' | 'unanswered' | 'check-failed' | 'left-out';
  readonly request?: string;
  readonly notAfter?: string;
  readonly violations?: Answer['violations'];
  readonly problems?: readonly string[];
  readonly waitingFor?: string;
  readonly reason?: string;
  readonly isError?: boolean;
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
  const { violations, waitingFor } = answer;
  return {
    ...{ name, outcome: state === 'issued' ? 'renewed' : state, request: request.request },
    ...(violations && { violations }),
    ...(waitingFor !== undefined && { waitingFor }),
  };
}

export function reportFailed(
  { name, request }: Answer,
  problems: readonly string[],
  { differences, caFiles }: Trust,
): CertificateReport {
  const hint =
    differences.length > 0 && caFiles.size === 0
      ? [
          ...differences,
          '--accept-ca-change would change these CA files, and restart what reads them',
        ]
      : [];
  return {
    ...{ name, outcome: 'check-failed' as const, request: request.request },
    problems: [...problems, ...hint],
  };
}
