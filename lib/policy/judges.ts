/** Who judges each kind of request: one judge for each row of lib/contract/request-kinds.ts. */
import { oncePerBytes } from '../bytes.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import type { RequestAddress } from '../contract/request-key.ts';
import {
  type RequestKind,
  type RequestKindName,
  VALIDITY_METADATA,
} from '../contract/request-kinds.ts';
import { type CsrReading, readRequest } from '../csr/read-request.ts';
import { type IssuedName, isCertificateName } from '../profiles/certificate-names.ts';
import type { StoredObject } from '../store/object-store.ts';
import type { Judgement } from './issuance-plan.ts';
import { judgeNodeRequest } from './judge-node.ts';
import { judgeUserRequest } from './judge-user.ts';

export type Upload = Pick<StoredObject, 'body' | 'metadata'>;

export interface JudgeContext {
  readonly address: RequestAddress;
  readonly certificateName: IssuedName;
  readonly record: ClusterRecord;
  /** Who uploaded, as the S3 event says (`AWS:<principal id>`); undefined if no event was seen. */
  readonly uploader: string | undefined;
  readonly upload: Upload;
  /** The longest validity that the trust domain allows. */
  readonly maxValiditySeconds: number;
}

export interface Judge {
  /** The CSR in an upload. */
  read(upload: Upload): CsrReading;
  /** Everything that is wrong with the request, or the plan of what to certify. */
  judge(csr: CsrReading, context: JudgeContext): Judgement;
}

/**
 * A run reads the same bytes when it decides and again before it signs. Verifying the CSR's signature takes half of the
 * time, so the result of the first reading is reused.
 */
const readOnce = oncePerBytes(readRequest);
const readCsr: Judge['read'] = ({ body }) => readOnce(body);

export const JUDGES: Readonly<Record<RequestKindName, Judge>> = {
  node: {
    read: readCsr,
    judge(csr, { certificateName, ...context }) {
      if (!isCertificateName(certificateName))
        throw new Error(`${certificateName} is not a certificate of a node`);
      return judgeNodeRequest(csr, { ...context, certificateName });
    },
  },
  user: {
    read: readCsr,
    judge(csr, { record, uploader, upload, maxValiditySeconds }) {
      const validityPeriod = upload.metadata[VALIDITY_METADATA];
      return judgeUserRequest(csr, { record, uploader, validityPeriod, maxValiditySeconds });
    },
  },
};

/** @throws Error if the kind has no judge */
export function judgeOf(
  kind: RequestKind,
  judges: Readonly<Record<string, Judge>> = JUDGES,
): Judge {
  const judge = judges[kind.name];
  if (!judge) throw new Error(`requests of kind ${kind.name} have no judge`);
  return judge;
}
