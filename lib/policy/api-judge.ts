/** Judges CSRs of the certificates API. */
import { readApiRequest } from '../csr/read-api-request.ts';
import { isKubeletName } from '../profiles/certificate-names.ts';
import type { Judge } from './judge.ts';
import { judgeApiRecord } from './judge-api-record.ts';
import { judgeApiUserRequest } from './judge-api-user.ts';
import { judgeKubeletRequest } from './judge-kubelet.ts';

export const API_JUDGE: Judge = {
  read: ({ body }) => readApiRequest(body).csr,
  judge(csr, { certificateName, upload, ...context }) {
    const { object } = readApiRequest(upload.body);
    return isKubeletName(certificateName)
      ? judgeKubeletRequest(csr, object, { ...context, certificateName })
      : judgeApiUserRequest(csr, object, context);
  },
  judgeRecord: judgeApiRecord,
};
