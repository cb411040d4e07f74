/**
 * From a record to the outcome that the node reads: obtain the certificate, publish. Every step can be repeated.
 * docs/issuance-cycle.md has a table of the order of calls, and test/lib/issuance/order.test.ts tests it.
 */
import type { DecisionRecord, IssueRecord } from '../contract/decision-record.ts';
import { CERTIFICATE_METADATA, type ViolationDocument } from '../contract/outcomes.ts';
import { outcomeKeys, type RequestAddress } from '../contract/request-key.ts';
import type { Service } from '../service.ts';
import { exists, formatDocument, JSON_TYPE, PEM_TYPE } from '../store/documents.ts';
import { loadIssue } from './issue-later.ts';
import type { Finishing } from './obtain.ts';
import type { Processed } from './wake.ts';

export async function finish(
  service: Service,
  finishing: Finishing,
  record: DecisionRecord,
): Promise<Processed> {
  const { pending } = outcomeKeys(finishing.address);
  // A run that publishes it later finds the record afterwards, and deletes it.
  const isPending = exists(service.exchange, pending);
  isPending.catch(() => undefined); // thrown below
  const done = await publishOutcome(service, finishing, record);
  if (await isPending) await service.exchange.remove(pending);
  return done;
}

async function publishOutcome(
  service: Service,
  finishing: Finishing,
  record: DecisionRecord,
): Promise<Processed> {
  const { address } = finishing;
  if (record.decision === 'reject') return reject(service, address, record, record.violations);
  const { obtainCertificate } = await loadIssue();
  const certificate = await obtainCertificate(service, finishing, record);
  if (typeof certificate !== 'string')
    return {
      ...(await reject(service, address, record, certificate.violations)),
      ...(certificate.misfits
        ? { misfits: certificate.misfits }
        : { reason: certificate.violations[0]?.code ?? '' }),
    };
  const key = outcomeKeys(address).certificate;
  await service.exchange.create(key, certificate, PEM_TYPE, trustMetadata(record));
  return { outcome: 'issued', record };
}

async function reject(
  service: Service,
  address: RequestAddress,
  record: DecisionRecord,
  violations: readonly ViolationDocument[],
): Promise<Processed> {
  const { rejectionOf } = await import('./rejection.ts'); // seldom needed
  const { certificateName, decidedAt } = record;
  const document = rejectionOf(address, {
    certificateName,
    decidedAt,
    violations: [...violations],
  });
  const { rejected } = outcomeKeys(address);
  await service.exchange.create(rejected, formatDocument(document), JSON_TYPE);
  return { outcome: 'rejected', record };
}

/** Names the bundle under `trust/` that the certificate chains to. */
function trustMetadata({ trustDomain, ca }: IssueRecord): Record<string, string> {
  return { [CERTIFICATE_METADATA.trustDomain]: trustDomain, [CERTIFICATE_METADATA.ca]: ca };
}
