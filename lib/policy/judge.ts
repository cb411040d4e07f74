/** What a judge of a kind of request is given, and what it returns. */
import type { ClusterRecord } from '../cluster/record.ts';
import type { TrustDomainNames } from '../cluster/trust-domain-names.ts';
import type { RequestAddress } from '../contract/request-key.ts';
import type { CsrReading } from '../csr/read-request.ts';
import type { IssuedName } from '../profiles/certificate-names.ts';
import type { StoredObject } from '../store/object-store.ts';
import type { Judgement } from './issuance-plan.ts';

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
  /** What all clusters of the trust domain declare. Only serving certificates of kubelets are judged by it. */
  readonly domain: TrustDomainNames | undefined;
}

export interface Judge {
  /** The CSR in an upload. */
  read(upload: Upload): CsrReading;
  /** Everything that is wrong with the request, or the plan of what to certify. */
  judge(csr: CsrReading, context: JudgeContext): Judgement;
}
