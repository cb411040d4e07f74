/** Judges requests of users. */
import { VALIDITY_METADATA } from '../contract/request-kinds.ts';
import type { Judge } from './judge.ts';
import { judgeUserRequest } from './judge-user.ts';
import { readCsr } from './read-csr.ts';

export const USER_JUDGE: Judge = {
  read: readCsr,
  judge(csr, { record, uploader, upload, maxValiditySeconds }) {
    const validityPeriod = upload.metadata[VALIDITY_METADATA];
    return judgeUserRequest(csr, { record, uploader, validityPeriod, maxValiditySeconds });
  },
};
