/** The private key of a user: created here, and kept in a file with mode 0600 until its certificate arrives. */
import { createPrivateKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { USER_PATH } from '../../lib/contract/request-kinds.ts';
import type { CheckedRequest } from '../../lib/csr/read-request.ts';
import { CommandError } from '../errors.ts';
import { readKeyAndCsr, writeKeyAndCsr } from '../node/csr/key-and-csr.ts';
import { makeCsr } from '../node/csr/make-csr.ts';
import { makePrivateKey } from '../node/disk/private-key.ts';
import type { UserKeyKind } from './user-key-kinds.ts';

export interface UserKeyOptions {
  readonly clientName: string;
  readonly org?: readonly string[];
  readonly keyAlgorithm: UserKeyKind;
  /** The request to resume; undefined for a new one. */
  readonly request?: string;
}

/**
 * Reads key and CSR from the folder of a request that is resumed, or creates them there. They are on disk before
 * anything is uploaded.
 * @throws CommandError if the request to resume does not exist, or is for another subject
 */
export async function prepareKey(
  folder: string,
  options: UserKeyOptions,
): Promise<{ privateKey: string; csr: string }> {
  const stem = join(folder, USER_PATH.replace(/\.csr$/, ''));
  // The CSR is written last, so nothing has been uploaded from a folder without one.
  if (existsSync(`${stem}.csr`)) {
    const pair = readKeyAndCsr(stem);
    if (!pair) throw new CommandError('usage', `${folder}: key and CSR do not match`);
    checkSubject(pair.request, folder, options);
    return { privateKey: pair.keyPem, csr: Buffer.from(pair.csr).toString('utf8') };
  }
  if (options.request !== undefined)
    throw new CommandError(
      'usage',
      `${folder}: no request ${options.request} to resume`,
      'omit --request to create a new request, or name the folder of its key with --state-dir',
    );
  const privateKey = await makePrivateKey(options.keyAlgorithm);
  const subject = { commonName: options.clientName, organizations: options.org ?? [] };
  const csr = makeCsr({ subject, names: [] }, createPrivateKey(privateKey));
  await writeKeyAndCsr(stem, privateKey, csr);
  return { privateKey, csr };
}

function checkSubject(
  { subject }: CheckedRequest,
  folder: string,
  { clientName, org = [] }: UserKeyOptions,
): void {
  const requested = [subject.commonName, ...[...subject.organizations].sort()];
  if (requested.join('\n') === [clientName, ...[...org].sort()].join('\n')) return;
  throw new CommandError(
    'usage',
    `${folder}: this request is for ${requested.join(', ')}`,
    'give the same --client-name and --org, or omit --request to create a new request',
  );
}
