/** The private key of a user: made here, kept in a file of mode 0600 until its certificate is there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { USER_PATH } from '../../lib/contract/request-kinds.ts';
import { readRequest } from '../../lib/csr/read-request.ts';
import { makeFolder, writeDurably } from '../../lib/files/durable-file.ts';
import { CommandError } from '../errors.ts';
import { makeCsr } from '../node/csr/make-csr.ts';
import { makePrivateKey, readPrivateKey } from '../node/disk/private-key.ts';

export const USER_KEY_KINDS = [
  'ECDSA-P256',
  'ECDSA-P384',
  'RSA-2048',
  'RSA-3072',
  'RSA-4096',
] as const;
export type UserKeyKind = (typeof USER_KEY_KINDS)[number];

export interface Wish {
  readonly clientName: string;
  readonly org?: readonly string[];
  readonly keyAlgorithm: UserKeyKind;
  readonly request?: string;
}

/**
 * Key and CSR of a request: those in its folder, or new ones, which are in the folder before anything is sent.
 * @throws CommandError if the request that is to go on is not there, or asks for something else
 */
export async function prepareKey(
  folder: string,
  wish: Wish,
): Promise<{ privateKey: string; csr: string }> {
  const [keyFile, csrFile] = [join(folder, 'user.key'), join(folder, USER_PATH)];
  // The CSR is written last: a folder without one was left before anything could be sent.
  if (existsSync(csrFile)) {
    const csr = readFileSync(csrFile, 'utf8');
    checkSame(csr, folder, wish);
    return { privateKey: readFileSync(keyFile, 'utf8'), csr };
  }
  if (wish.request !== undefined)
    throw new CommandError(
      'usage',
      `${folder}: holds no request ${wish.request} to go on with`,
      'leave out --request to ask anew, or name the folder of its key with --state-dir',
    );
  const privateKey = await makePrivateKey(wish.keyAlgorithm);
  const key = readPrivateKey(privateKey);
  if (!key) throw new Error('the key that was just made can not be read');
  const subject = { commonName: wish.clientName, organizations: wish.org ?? [] };
  const csr = makeCsr({ subject, names: [] }, key);
  await makeFolder(folder);
  await writeDurably(keyFile, privateKey);
  await writeDurably(csrFile, csr);
  return { privateKey, csr };
}

function checkSame(csr: string, folder: string, { clientName, org = [] }: Wish): void {
  const subject = readRequest(Buffer.from(csr)).seen.subject;
  const asked = [subject?.commonName, ...[...(subject?.organizations ?? [])].sort()];
  if (asked.join('\n') === [clientName, ...[...org].sort()].join('\n')) return;
  throw new CommandError(
    'usage',
    `${folder}: this request asks for ${asked.join(', ')}`,
    'give the same --client-name and --org, or leave out --request to ask anew',
  );
}
