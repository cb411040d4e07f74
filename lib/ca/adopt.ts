/**
 * Adopts the CAs of an existing cluster: the trust domain gets the certificates that the nodes have, and leaf
 * certificates are signed by the same keys, which were imported into KMS. Nothing is written unless KMS has the key of
 * every certificate. As for a CA that is created, the bytes to be signed are recorded first, and a call that is repeated,
 * raced or interrupted finishes what is recorded.
 */
import { FIRST_CA_VERSION } from '../contract/ca-record.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import { addCas, type CreatedTrustDomain, type NewCas } from './add-cas.ts';
import type { CaKeys } from './ca-keys.ts';
import { claimKeys } from './choose-keys.ts';
import { type ExaminedCa, examineCas } from './prepare-adoption.ts';
import { takeVersion } from './take-version.ts';
import type { AdoptRequest } from './trust-domain-request.ts';

/** @throws Fault request-malformed if one of the CAs cannot be adopted, or its key has not been imported */
export function adoptCas(
  service: Service,
  caKeys: CaKeys,
  request: AdoptRequest,
): Promise<CreatedTrustDomain> {
  const { trustDomain } = request;
  return addCas(service, trustDomain, async (document) => {
    const { cas } = await examineCas(service, caKeys, request, document);
    refusePending(cas);
    const ready = cas.flatMap(({ key, ...ca }) => (key ? [{ ...ca, key }] : []));
    await claimKeys(service, trustDomain, FIRST_CA_VERSION, ready);
    const adopted: NewCas = {};
    for (const { ca, der, key } of ready) {
      const name = { trustDomain, ca, version: FIRST_CA_VERSION };
      adopted[ca] = await takeVersion(service, name, { origin: 'adopted', certificate: der }, key);
    }
    return adopted;
  });
}

function refusePending(cas: readonly ExaminedCa[]): void {
  const pending = cas.filter(({ state }) => state === 'pending-import');
  if (pending.length === 0) return;
  throw new Fault(
    'request-malformed',
    pending.map(({ ca, keyId }) => `${ca}: the key is not imported yet (${keyId})`).join('; '),
  );
}
