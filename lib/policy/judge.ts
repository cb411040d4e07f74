/** What a judge of a kind of request is given, and what it returns. */
import type { ClusterRecord } from '../cluster/record.ts';
import type { TrustDomainNames } from '../cluster/trust-domain-names.ts';
import type { IssueRecord } from '../contract/decision-record.ts';
import type { RequestAddress } from '../contract/request-key.ts';
import type { RequestKind } from '../contract/request-kinds.ts';
import type { CheckedRequest, CsrReading } from '../csr/read-request.ts';
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
  /** What a record has to agree with besides the CSR, whatever the cluster record says. @returns what it does not fit */
  judgeRecord?(recorded: RecordedRequest): string[];
}

export interface RecordedRequest {
  readonly address: RequestAddress;
  readonly certificateName: IssuedName;
  readonly record: IssueRecord;
  readonly request: CheckedRequest;
  readonly upload: Upload;
}

/** A judge for each kind of request, which may have to be loaded. */
export type Judges<Name extends string = string> = Readonly<
  Record<Name, () => Judge | Promise<Judge>>
>;

/** @throws Error if the kind has no judge */
export async function judgeOf(kind: RequestKind, judges: Judges): Promise<Judge> {
  const load = judges[kind.name];
  if (!load) throw new Error(`requests of kind ${kind.name} have no judge`);
  return load();
}
