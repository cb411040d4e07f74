/** The two calls of an adoption to the create-ca function. What it returns is compared with the files of the node. */
import type { X509Certificate } from 'node:crypto';
import * as z from 'zod/mini';
import {
  ADOPTABLE_CAS,
  type AdoptableCa,
  type AdoptRequest,
  type CasToAdopt,
  type PrepareAdoptionRequest,
} from '../../lib/ca/trust-domain-request.ts';
import { certificateToPem } from '../../lib/certificate/pem.ts';
import { CA_KEY_SPECS } from '../../lib/signing/signing-algorithm.ts';
import { CommandError } from '../errors.ts';
import { type InvokeCreateCa, parseResponse, wrongResponse } from '../operator/create-ca.ts';
import type { TrustDomainSummary } from '../operator/trust-domain.ts';
import { keySpecOf } from './inspect.ts';

/** A CA that is to be adopted. */
export interface WantedCa {
  readonly ca: AdoptableCa;
  readonly certificate: X509Certificate;
  /** ARN or alias of its KMS key. @default the key that the deployment made for it */
  readonly keyId?: string | undefined;
}

const stateSchema = z.enum(['pending-import', 'imported', 'adopted']);

const preparedSchema = z.object({
  cas: z.partialRecord(
    z.enum(ADOPTABLE_CAS),
    z.object({ keyId: z.string(), keySpec: z.enum(CA_KEY_SPECS), state: stateSchema }),
  ),
});

export interface Prepared extends WantedCa {
  readonly keyId: string;
  readonly state: z.infer<typeof stateSchema>;
}

/** Has the service lint the certificates and find their keys. @throws CommandError if a key cannot be that of its CA */
export async function prepareAdoption(
  invoke: InvokeCreateCa,
  trustDomain: string,
  wanted: readonly WantedCa[],
): Promise<Prepared[]> {
  const request: PrepareAdoptionRequest = {
    action: 'prepare-adoption',
    trustDomain,
    cas: casToAdopt(wanted),
  };
  const { cas } = parseResponse(preparedSchema, await invoke(request));
  const prepared = wanted.map((one) => {
    const found = cas[one.ca];
    if (!found) throw wrongResponse(`it does not name the key of ${one.ca}`);
    const keySpec = keySpecOf(one.certificate);
    if (found.keySpec !== keySpec)
      throw new CommandError(
        'check-failed',
        `${one.ca}: the KMS key ${found.keyId} is for a ${found.keySpec} key, and the certificate has a ${keySpec ?? 'different'} key`,
        'declare the key spec of this CA in the deployment, or name another key with --key-… ARN',
      );
    return { ...one, keyId: found.keyId, state: found.state };
  });
  refuseOneKeyForTwo(prepared);
  return prepared;
}

function refuseOneKeyForTwo(prepared: readonly Prepared[]): void {
  prepared.forEach(({ ca, keyId }, i) => {
    const other = prepared.slice(0, i).find((earlier) => earlier.keyId === keyId);
    if (other)
      throw new CommandError(
        'check-failed',
        `${other.ca} and ${ca} have the same KMS key, ${keyId}: each needs a different one`,
      );
  });
}

const adoptedSchema = z.looseObject({
  trustDomain: z.string(),
  cas: z.record(
    z.string(),
    z.looseObject({
      keyId: z.string(),
      keySpec: z.string(),
      origin: z.enum(['made', 'adopted', 'subordinate']),
      subject: z.string(),
      notAfter: z.string(),
      sha256: z.string(),
    }),
  ),
});

/**
 * Has the service adopt the CAs. It compares the imported keys with the certificates, and has each sign a proof.
 * @throws CommandError if the service has adopted something else
 */
export async function adoptCas(
  invoke: InvokeCreateCa,
  trustDomain: string,
  prepared: readonly Prepared[],
): Promise<TrustDomainSummary> {
  const request: AdoptRequest = { action: 'adopt', trustDomain, cas: casToAdopt(prepared) };
  const summary = parseResponse(adoptedSchema, await invoke(request));
  for (const { ca, certificate, keyId } of prepared) {
    const adopted = summary.cas[ca];
    if (adopted?.sha256 !== certificate.fingerprint256)
      throw wrongResponse(
        `the certificate of ${ca} is ${adopted?.sha256 ?? 'missing'}, expected ${certificate.fingerprint256}`,
      );
    if (adopted.origin !== 'adopted')
      throw wrongResponse(`${ca} is ${adopted.origin}, expected adopted`);
    if (adopted.keyId !== keyId)
      throw wrongResponse(`the key of ${ca} is ${adopted.keyId}, expected ${keyId}`);
  }
  return summary as TrustDomainSummary;
}

const casToAdopt = (wanted: readonly WantedCa[]): CasToAdopt =>
  Object.fromEntries(
    wanted.map(({ ca, certificate, keyId }) => [
      ca,
      { certificate: certificateToPem(certificate.raw), ...(keyId !== undefined && { keyId }) },
    ]),
  );
