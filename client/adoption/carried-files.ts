/**
 * The folder that is carried between the machine that can reach KMS and the control plane that has the CA keys. Nothing
 * in it is secret: KMS alone can decrypt the wrapped keys. But anyone who can replace a wrapping key before the CA key is
 * wrapped gets the CA key, so its hash is given to the control plane separately.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { AdoptableCa } from '../../lib/ca/trust-domain-request.ts';
import { makeFolder, writeDurably } from '../../lib/files/durable-file.ts';
import { formatDocument } from '../../lib/store/documents.ts';
import { CommandError } from '../errors.ts';
import { base64, readCarriedFile, subdomain } from '../node/exchange/file-format.ts';

const casOf = <T extends z.ZodMiniType>(schema: T) =>
  z.strictObject({
    ca: z.optional(schema),
    'etcd-ca': z.optional(schema),
    'front-proxy-ca': z.optional(schema),
  } satisfies Record<AdoptableCa, unknown>);

export const adoptionFileSchema = z.strictObject({
  cakelessAdoption: z.literal(1),
  trustDomain: subdomain,
  cas: casOf(
    z.strictObject({
      /** The certificate to adopt, in PEM. */
      certificate: z.string(),
      /** ARN of the KMS key. */
      keyId: z.string(),
      /** Absent if the key has been imported already. */
      import: z.optional(
        z.strictObject({
          /** SubjectPublicKeyInfo of the public key of KMS, DER in base64. */
          wrappingKey: base64,
          token: base64,
          validTo: z.string(),
        }),
      ),
    }),
  ),
});

export type AdoptionFile = z.infer<typeof adoptionFileSchema>;

export const wrappedKeysSchema = z.strictObject({
  cakelessWrappedKeys: z.literal(1),
  trustDomain: subdomain,
  cas: casOf(
    z.strictObject({
      /** SHA-256 of the wrapping key, in hex: what was wrapped for an earlier one cannot be imported. */
      wrappingKeyHash: z.string().check(z.regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 digest')),
      /** The CA key, encrypted for KMS. */
      encryptedKeyMaterial: base64,
    }),
  ),
});

export type WrappedKeys = z.infer<typeof wrappedKeysSchema>;

/** Also for something that is not a time. */
export const hasPassed = (time: string, now: Date): boolean => !(new Date(time) > now);

const ADOPTION_FILE = 'adoption.json';
const WRAPPED_KEYS_FILE = 'wrapped-keys.json';

/** SHA-256 of a public key, in hex. */
export const digestOf = (spki: Uint8Array): string =>
  createHash('sha256').update(spki).digest('hex');

export async function writeAdoptionFile(folder: string, file: AdoptionFile): Promise<void> {
  await makeFolder(folder);
  await writeDurably(join(folder, ADOPTION_FILE), formatDocument(file));
}

export const writeWrappedKeys = (folder: string, file: WrappedKeys): Promise<void> =>
  writeDurably(join(folder, WRAPPED_KEYS_FILE), formatDocument(file));

export const readAdoptionFile = (folder: string): AdoptionFile =>
  readCarriedFile(
    join(folder, ADOPTION_FILE),
    'cakeless trust-domain adopt --begin',
    adoptionFileSchema,
  );

/** @throws CommandError if it is of a different trust domain */
export function readWrappedKeys(folder: string, trustDomain: string): WrappedKeys {
  const path = join(folder, WRAPPED_KEYS_FILE);
  const file = readCarriedFile(path, 'cakeless trust-domain wrap-keys', wrappedKeysSchema);
  if (file.trustDomain === trustDomain) return file;
  throw new CommandError(
    'usage',
    `${path}: its keys are of trust domain ${file.trustDomain}, not ${trustDomain}`,
  );
}
