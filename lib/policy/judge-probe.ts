/**
 * Policy for probes: certificates of the new CA of a rotation, with which a node connects to its servers to find out whether
 * they trust that CA already. Whether a rotation is in the phase for it, choose-ca.ts decides.
 */
import { findNode } from '../cluster/find-node.ts';
import type { AlternativeName } from '../csr/alternative-names.ts';
import type { CsrReading } from '../csr/read-request.ts';
import type { Subject } from '../csr/subject.ts';
import { listed, quote } from '../printable.ts';
import type { ProbeName } from '../profiles/certificate-names.ts';
import { probeProfileOf } from '../profiles/profile-for.ts';
import { type NodeRole, PROBE_COMMON_NAME, PROBE_VALIDITY_SECONDS } from '../profiles/profiles.ts';
import type { Violation } from '../refusal/violation.ts';
import type { Judgement } from './issuance-plan.ts';
import { judgeKey, judgeNoNames, judgeUploader } from './judge-common.ts';
import { type NodeContext, nodeUnknown } from './judge-node.ts';

export interface ProbeContext extends Omit<NodeContext, 'certificateName'> {
  readonly certificateName: ProbeName;
}

/** No approval: a probe has no rights, or, of `etcd-ca`, those of a certificate that the node has anyway. */
export function judgeProbe(
  { request, seen, violations: ofCsr }: CsrReading,
  { address, certificateName, record, uploader, maxValiditySeconds }: ProbeContext,
): Judgement {
  const node = findNode(record, address.node);
  const profile = probeProfileOf(certificateName);
  const violations: Violation[] = [
    ...ofCsr,
    ...(node
      ? [...judgeUploader(uploader, node.uploaders), ...judgeRole(certificateName, node.role)]
      : [nodeUnknown(address.node, record)]),
    ...(seen.key ? judgeKey(seen.key, record) : []),
    ...(seen.subject ? judgeProbeSubject(seen.subject) : []),
    ...(seen.names ? judgeNoNames(seen.names) : []),
  ];
  if (violations.length > 0 || !request) return { violations };
  return {
    plan: {
      certificateName,
      profile,
      subject: request.subject,
      names: [],
      key: request.key,
      validitySeconds: Math.min(PROBE_VALIDITY_SECONDS, maxValiditySeconds),
      approvalReason: undefined,
    },
    violations: [],
  };
}

/** What every probe has, whatever a cluster record says. */
export const judgeProbeContents = (
  subject: Subject,
  names: readonly AlternativeName[],
): Violation[] => [...judgeProbeSubject(subject), ...judgeNoNames(names)];

function judgeProbeSubject({ commonName, organizations }: Subject): Violation[] {
  const violations: Violation[] = [];
  if (commonName !== PROBE_COMMON_NAME)
    violations.push({
      code: 'subject-common-name',
      field: 'subject.commonName',
      got: quote(commonName) || '(none)',
      allowed: PROBE_COMMON_NAME,
      fix: 'this path is for a probe, which has this common name whatever node requests it',
    });
  if (organizations.length > 0)
    violations.push({
      code: 'subject-organization',
      field: 'subject.organizations',
      got: listed(organizations),
      allowed: 'none',
      fix: 'leave out the organizations: a probe is a member of no group',
    });
  return violations;
}

function judgeRole(name: ProbeName, role: NodeRole): Violation[] {
  const { roles } = probeProfileOf(name);
  if (roles.includes(role)) return [];
  return [
    {
      code: 'certificate-name-role',
      field: 'certificateName',
      got: `${name} on a ${role} node`,
      allowed: `a node with role ${roles.join(' or ')}`,
      fix: 'probe only servers that nodes of this role connect to, or change the role in the cluster record',
    },
  ];
}
