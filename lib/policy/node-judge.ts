/** Judges requests of nodes. */
import { isCertificateName, isProbeName } from '../profiles/certificate-names.ts';
import type { Judge } from './judge.ts';
import { judgeNodeRequest } from './judge-node.ts';
import { judgeProbe } from './judge-probe.ts';
import { readCsr } from './read-csr.ts';

export const NODE_JUDGE: Judge = {
  read: readCsr,
  judge(csr, { certificateName, ...context }) {
    if (isProbeName(certificateName)) return judgeProbe(csr, { ...context, certificateName });
    if (!isCertificateName(certificateName))
      throw new Error(`${certificateName} is not a certificate of a node`);
    return judgeNodeRequest(csr, { ...context, certificateName });
  },
};
