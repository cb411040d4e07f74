/** The private key of a user. It is created here and kept in a file of mode 0600 until its certificate has arrived. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { USER_PATH } from '../../lib/contract/request-key.ts';
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

export interface UserKeyOptions {
  readonly clientName: string;
  readonly org?: readonly string[];
  readonly keyAlgorithm: UserKeyKind;
  /** The request to resume; undefined for a new one. */
  readonly request?: string;
}

export interface KeyAndCsr {
  readonly privateKey: string;
  readonly csr: string;
}

/**
 * Reads key and CSR from the folder of a request that is resumed, or creates them there. They are on disk before
 * anything is uploaded.
 * @throws CommandError if the request to resume does not exist, or is for another subject
 */
export async function prepareKey(folder: string, options: UserKeyOptions): Promise<KeyAndCsr> {
  const [keyFile, csrFile] = [join(folder, 'user.key'), join(folder, USER_PATH)];
  // The CSR is written last, so nothing has been uploaded from a folder without one.
  if (existsSync(csrFile)) {
    const csr = readFileSync(csrFile, 'utf8');
    checkSubject(csr, folder, options);
    return { privateKey: readFileSync(keyFile, 'utf8'), csr };
  }
  if (options.request !== undefined)
    throw new CommandError(
      'usage',
      `${folder}: no request ${options.request} to resume`,
      'leave out --request to make a new request, or name the folder of its key with --state-dir',
    );
  const made = await makeKeyAndCsr(options);
  await makeFolder(folder);
  await writeDurably(keyFile, made.privateKey);
  await writeDurably(csrFile, made.csr);
  return made;
}

async function makeKeyAndCsr(options: UserKeyOptions): Promise<KeyAndCsr> {
  const { clientName, org = [], keyAlgorithm } = options;
  const privateKey = await makePrivateKey(keyAlgorithm);
  const key = readPrivateKey(privateKey);
  if (!key) throw new Error('the new private key cannot be read');
  const subject = { commonName: clientName, organizations: org };
  return { privateKey, csr: makeCsr({ subject, names: [] }, key) };
}

function checkSubject(csr: string, folder: string, options: UserKeyOptions): void {
  const { clientName, org = [] } = options;
  const subject = readRequest(Buffer.from(csr)).seen.subject;
  const requested = [subject?.commonName, ...[...(subject?.organizations ?? [])].sort()];
  if (requested.join('\n') === [clientName, ...[...org].sort()].join('\n')) return;
  throw new CommandError(
    'usage',
    `${folder}: this request is for ${requested.join(', ')}`,
    'give the same --client-name and --org, or leave out --request to make a new request',
  );
}
