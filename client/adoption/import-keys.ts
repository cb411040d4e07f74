/** Imports the keys of CAs into their KMS keys. Only what KMS can decrypt leaves this process. */
import type { KeyObject } from 'node:crypto';
import type { KeyImport } from '../../lib/ca/key-import.ts';
import type { AdoptableCa } from '../../lib/ca/trust-domain-request.ts';
import { wrapPrivateKey } from '../../lib/ca/wrap-key.ts';
import { Fault } from '../../lib/fault.ts';
import { CommandError } from '../errors.ts';
import { withPkcs8 } from './ca-key-file.ts';
import type { Prepared } from './service.ts';

export interface ImportDeps {
  keyImport(): Promise<KeyImport>;
  randomBytes(length: number): Buffer;
  progress(line: string): void;
}

/** One after the other: an interrupted run leaves at most one key that is imported and not reported. */
export async function importKeys(
  deps: ImportDeps,
  pending: readonly (Prepared & { readonly key: KeyObject })[],
): Promise<void> {
  if (pending.length === 0) return;
  const keyImport = await deps.keyImport();
  for (const { ca, keyId, key } of pending) {
    deps.progress(`importing the key of ${ca} into ${keyId} ...`);
    const { publicKey, token } = await keyImport.parameters(keyId);
    const wrapped = await withPkcs8(key, (pkcs8) =>
      wrapPrivateKey(pkcs8, publicKey, deps.randomBytes),
    );
    await importOne(keyImport, { ca, keyId, token, wrapped }, REPLACED);
  }
}

const REPLACED =
  'run the same command again; but if KMS could not decrypt it (InvalidCiphertextException), someone between this machine and KMS may have replaced the wrapping key, and then has the CA key';

export interface WrappedKey {
  readonly ca: AdoptableCa;
  readonly keyId: string;
  readonly token: Uint8Array;
  readonly wrapped: Uint8Array;
}

/** @param next what to do if KMS refuses it. @throws CommandError if it does */
export async function importOne(
  keyImport: KeyImport,
  { ca, keyId, token, wrapped }: WrappedKey,
  next: string,
): Promise<void> {
  try {
    await keyImport.import(keyId, token, wrapped);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'request-malformed') throw error;
    throw new CommandError(
      'check-failed',
      `${ca}: KMS does not take its key, and nothing was adopted: ${error.message}`,
      next,
    );
  }
}
