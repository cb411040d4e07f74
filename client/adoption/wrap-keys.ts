/** The second part: wraps the CA keys of a control plane for KMS, without a network. */
import type { X509Certificate } from 'node:crypto';
import { toBase64 } from '../../lib/bytes.ts';
import { ADOPTABLE_CAS, type AdoptableCa } from '../../lib/ca/trust-domain-request.ts';
import { wrapPrivateKey } from '../../lib/ca/wrap-key.ts';
import { CommandError } from '../errors.ts';
import { fingerprintOfFirst } from '../node/disk/fingerprints.ts';
import type { NodeFolders } from '../node/disk/places.ts';
import { type CaHashes, formatCaCertHash, formatHash } from '../node/trust/ca-cert-hash.ts';
import { checkCas } from './adopt.ts';
import { withPkcs8 } from './ca-key-file.ts';
import {
  type AdoptionFile,
  digestOf,
  hasPassed,
  readAdoptionFile,
  type WrappedKeys,
  writeWrappedKeys,
} from './carried-files.ts';
import { readPki } from './read-pki.ts';

export interface WrapDeps {
  now(): Date;
  randomBytes(length: number): Buffer;
}

export interface WrappedSummary {
  readonly trustDomain: string;
  readonly folder: string;
  /** The CAs whose keys were wrapped. */
  readonly wrapped: readonly AdoptableCa[];
  /** Of all CAs that are to be adopted, in the form of the option: `--finish` requires them. */
  readonly caCertHashes: readonly string[];
}

/** @param hashes of the wrapping keys, which the caller has from the person who began the adoption */
export async function wrapKeys(
  deps: WrapDeps,
  folders: NodeFolders,
  folder: string,
  hashes: CaHashes,
): Promise<WrappedSummary> {
  const file = readAdoptionFile(folder);
  const named = ADOPTABLE_CAS.filter((ca) => file.cas[ca] !== undefined);
  const toWrap = named.filter((ca) => file.cas[ca]?.import !== undefined);
  requireHashes(toWrap, hashes);
  const pki = readPki(folders, named);
  const imported = pki.filter(({ ca }) => !toWrap.includes(ca));
  const checked = [
    ...checkCas(
      pki.filter(({ ca }) => toWrap.includes(ca)),
      deps.now(),
      'required',
    ),
    ...checkCas(imported, deps.now(), 'unused'),
  ];
  refuse([
    ...checked.flatMap(({ ca, certificate }) => certificateObjections(file, ca, certificate)),
    ...toWrap.flatMap((ca) => wrappingKeyObjections(file, ca, hashes, deps.now())),
  ]);
  const cas: WrappedKeys['cas'] = {};
  for (const { ca, key } of checked) {
    const wrappingKey = wrappingKeyOf(file, ca);
    if (!key || !wrappingKey) continue;
    const wrapped = await withPkcs8(key, (pkcs8) =>
      wrapPrivateKey(pkcs8, wrappingKey, deps.randomBytes),
    );
    cas[ca] = {
      wrappingKeyHash: digestOf(wrappingKey),
      encryptedKeyMaterial: toBase64(wrapped),
    };
  }
  await writeWrappedKeys(folder, { cakelessWrappedKeys: 1, trustDomain: file.trustDomain, cas });
  return {
    trustDomain: file.trustDomain,
    folder,
    wrapped: toWrap,
    caCertHashes: checked.map(({ ca, certificate }) => formatCaCertHash(ca, certificate)),
  };
}

/** If only some of the hashes are missing, the objections name them, together with everything else. */
function requireHashes(toWrap: readonly AdoptableCa[], hashes: CaHashes): void {
  if (toWrap.length === 0 || ADOPTABLE_CAS.some((ca) => hashes[ca].length > 0)) return;
  throw new CommandError(
    'usage',
    `no key was wrapped: --wrapping-key-hash is missing for ${toWrap.join(', ')}`,
    'give the hashes that cakeless trust-domain adopt --begin printed; they must not come from the folder, because anyone who can replace a wrapping key gets the CA key',
  );
}

function wrappingKeyOf(file: AdoptionFile, ca: AdoptableCa): Buffer | undefined {
  const text = file.cas[ca]?.import?.wrappingKey;
  return text === undefined ? undefined : Buffer.from(text, 'base64');
}

function certificateObjections(
  file: AdoptionFile,
  ca: AdoptableCa,
  certificate: X509Certificate,
): string[] {
  const pem = file.cas[ca]?.certificate ?? '';
  return fingerprintOfFirst(pem) === certificate.fingerprint256
    ? []
    : [
        `${ca}: the adoption was begun with a certificate that is not this node's, whose SHA-256 is ${certificate.fingerprint256}`,
      ];
}

function wrappingKeyObjections(
  file: AdoptionFile,
  ca: AdoptableCa,
  hashes: CaHashes,
  now: Date,
): string[] {
  const { validTo = '' } = file.cas[ca]?.import ?? {};
  const found = formatHash(ca, digestOf(wrappingKeyOf(file, ca) ?? Buffer.alloc(0)));
  const given = hashes[ca].map((hash) => formatHash(ca, hash));
  if (given.length === 0)
    return [
      `${ca}: the hash of its wrapping key is missing: give what cakeless trust-domain adopt --begin printed as --wrapping-key-hash`,
    ];
  if (given.length > 1 || given[0] !== found)
    return [
      `${ca}: the wrapping key in the folder has the hash ${found}, not ${given.join(', ')}: it was replaced, or is of a different run of --begin`,
    ];
  return hasPassed(validTo, now)
    ? [`${ca}: what KMS issued for the import expired at ${validTo}; begin again`]
    : [];
}

function refuse(objections: readonly string[]): void {
  if (objections.length > 0)
    throw new CommandError(
      'check-failed',
      ['no key was wrapped:', ...objections],
      'compare with what cakeless trust-domain adopt --begin printed; anyone who can replace a wrapping key gets the CA key',
    );
}
