/** The first part of an adoption whose control planes cannot reach KMS: fetches what wraps the keys. */
import { toBase64 } from '../../lib/bytes.ts';
import { ADOPTABLE_CAS, type AdoptableCa } from '../../lib/ca/trust-domain-request.ts';
import { certificateToPem } from '../../lib/certificate/pem.ts';
import { formatHash } from '../node/trust/ca-cert-hash.ts';
import { type AdoptDeps, type AdoptRequest, checkCas } from './adopt.ts';
import { type AdoptionFile, digestOf, writeAdoptionFile } from './carried-files.ts';
import { type Prepared, prepareAdoption } from './service.ts';

export interface BegunCa {
  readonly keyId: string;
  readonly state: Prepared['state'];
  /** In the form of the option; undefined if there is nothing to wrap. */
  readonly wrappingKeyHash?: string;
  /** Until when the wrapped key can be imported. */
  readonly validTo?: string;
}

export interface BegunAdoption {
  readonly trustDomain: string;
  readonly folder: string;
  readonly cas: Readonly<Partial<Record<AdoptableCa, BegunCa>>>;
}

/** Every call fetches new wrapping keys: keys that were wrapped for earlier ones have to be wrapped again. */
export async function begin(
  deps: AdoptDeps,
  { trustDomain, cas, keys }: AdoptRequest,
  folder: string,
): Promise<BegunAdoption> {
  const checked = checkCas(cas, deps.now(), 'unused');
  const wanted = checked.map(({ ca, certificate }) => ({ ca, certificate, keyId: keys[ca] }));
  const prepared = await prepareAdoption(deps.invokeCreateCa, trustDomain, wanted);
  const entries: AdoptionFile['cas'] = {};
  for (const { ca, certificate, keyId, state } of prepared)
    entries[ca] = {
      certificate: certificateToPem(certificate.raw),
      keyId,
      ...(state === 'pending-import' && { import: await fetchParameters(deps, keyId) }),
    };
  await writeAdoptionFile(folder, { cakelessAdoption: 1, trustDomain, cas: entries });
  return { trustDomain, folder, cas: describe(prepared, entries) };
}

async function fetchParameters(deps: AdoptDeps, keyId: string) {
  const { publicKey, token, validTo } = await (await deps.keyImport()).parameters(keyId);
  return {
    wrappingKey: toBase64(publicKey),
    token: toBase64(token),
    validTo: validTo.toISOString(),
  };
}

function describe(prepared: readonly Prepared[], entries: AdoptionFile['cas']) {
  const described: Partial<Record<AdoptableCa, BegunCa>> = {};
  for (const ca of ADOPTABLE_CAS) {
    const found = prepared.find((one) => one.ca === ca);
    if (!found) continue;
    const parameters = entries[ca]?.import;
    described[ca] = {
      keyId: found.keyId,
      state: found.state,
      ...(parameters && {
        wrappingKeyHash: formatHash(ca, digestOf(Buffer.from(parameters.wrappingKey, 'base64'))),
        validTo: parameters.validTo,
      }),
    };
  }
  return described;
}
