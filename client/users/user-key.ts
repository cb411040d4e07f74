/** The private key of a user: made here, kept in a file of mode 0600 until its certificate is there. */
import { createPrivateKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { USER_PATH } from '../../lib/contract/request-key.ts';
import type { CheckedRequest } from '../../lib/csr/read-request.ts';
import { CommandError } from '../errors.ts';
import { readKeyAndCsr, writeKeyAndCsr } from '../node/csr/key-and-csr.ts';
import { makeCsr } from '../node/csr/make-csr.ts';
import { makePrivateKey } from '../node/disk/private-key.ts';

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
  const stem = join(folder, USER_PATH.replace(/\.csr$/, ''));
  // The CSR is written last: a folder without one was left before anything could be sent.
  if (existsSync(`${stem}.csr`)) {
    const pair = readKeyAndCsr(stem);
    if (!pair) throw new CommandError('usage', `${folder}: key and CSR do not match`);
    checkSame(pair.request, folder, wish);
    return { privateKey: pair.keyPem, csr: Buffer.from(pair.csr).toString('utf8') };
  }
  if (wish.request !== undefined)
    throw new CommandError(
      'usage',
      `${folder}: holds no request ${wish.request} to go on with`,
      'leave out --request to ask anew, or name the folder of its key with --state-dir',
    );
  const privateKey = await makePrivateKey(wish.keyAlgorithm);
  const subject = { commonName: wish.clientName, organizations: wish.org ?? [] };
  const csr = makeCsr({ subject, names: [] }, createPrivateKey(privateKey));
  await writeKeyAndCsr(stem, privateKey, csr);
  return { privateKey, csr };
}

function checkSame(
  { subject }: CheckedRequest,
  folder: string,
  { clientName, org = [] }: Wish,
): void {
  const asked = [subject.commonName, ...[...subject.organizations].sort()];
  if (asked.join('\n') === [clientName, ...[...org].sort()].join('\n')) return;
  throw new CommandError(
    'usage',
    `${folder}: this request asks for ${asked.join(', ')}`,
    'give the same --client-name and --org, or leave out --request to ask anew',
  );
}
