/** Imports the keys of CAs into their KMS keys. Only what KMS can decrypt leaves this process. */
import type { KeyObject } from 'node:crypto';
import type { KeyImport } from '../../lib/ca/key-import.ts';
import { wrapPrivateKey } from '../../lib/ca/wrap-key.ts';
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
    await keyImport.import(keyId, token, wrapped);
  }
}
