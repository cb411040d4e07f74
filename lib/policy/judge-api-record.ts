/** What the record of a CSR of the certificates API has to agree with, whatever the cluster record says. */
import { readApiRequest } from '../csr/read-api-request.ts';
import { isKubeletName } from '../profiles/certificate-names.ts';
import type { Violation } from '../refusal/violation.ts';
import type { RecordedRequest } from './judge.ts';
import { judgeApiObject, judgeRecordedValidity } from './judge-api-object.ts';
import { judgeNotMasters } from './judge-api-user.ts';
import { judgeNoNames } from './judge-common.ts';
import { judgeKubeletSubject } from './judge-kubelet.ts';

export function judgeApiRecord({
  address,
  certificateName,
  record: { validitySeconds },
  request: { subject, names },
  upload,
}: RecordedRequest): string[] {
  const { object } = readApiRequest(upload.body);
  if (!object) return ['its CSR is not a CertificateSigningRequest'];
  const violations = isKubeletName(certificateName)
    ? judgeKubeletSubject(address, certificateName, object, subject)
    : judgeNotMasters(subject);
  return [
    ...[...judgeApiObject(address, object), ...violations].map(describe),
    ...judgeRecordedValidity(object, validitySeconds),
    ...(certificateName === 'kubelet-client' ? judgeNoNames(names).map(describe) : []),
  ];
}

const describe = ({ field, got, allowed }: Violation) => `${field} is ${got}; allowed: ${allowed}`;
