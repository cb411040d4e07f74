/**
 * The private key of a CA, as it is on a control plane. Its octets are only in buffers of this process, which are
 * overwritten after use: never in a string, which cannot be overwritten, and never in a message.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile } from '../../lib/files/read-file.ts';
import { CommandError, unusableFile } from '../errors.ts';

/** What a key file holds. */
export type CaKeyFile =
  | { readonly state: 'found'; readonly key: KeyObject }
  | { readonly state: 'missing' }
  | { readonly state: 'encrypted' }
  | { readonly state: 'unreadable' };

/**
 * Reads the first private key of a PEM file, as kubeadm does (client-go util/keyutil): PKCS#1, SEC1 or PKCS#8, with or
 * without text around it. @throws the system's error if the file exists and cannot be read
 */
export function readCaKey(file: string): CaKeyFile {
  const bytes = readBytes(file);
  if (!bytes) return { state: 'missing' };
  if (!Buffer.isBuffer(bytes)) return bytes;
  try {
    const block = firstKeyBlock(bytes);
    if (!block) return { state: 'unreadable' };
    if (isEncrypted(block)) return { state: 'encrypted' };
    return { state: 'found', key: createPrivateKey({ key: block, format: 'pem' }) };
  } catch {
    return { state: 'unreadable' }; // OpenSSL's reason would not help, and is not passed on
  } finally {
    bytes.fill(0);
  }
}

/** Calls `use` with the key in PKCS#8, which is what KMS imports, and overwrites it afterwards. */
export async function withPkcs8<T>(
  key: KeyObject,
  use: (pkcs8: Buffer) => Promise<T> | T,
): Promise<T> {
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  try {
    return await use(pkcs8);
  } finally {
    pkcs8.fill(0);
  }
}

function readBytes(file: string): Buffer | CaKeyFile | undefined {
  try {
    return readFile(file, { isSecret: true }).bytes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    const found = unusableFile(file, error);
    if (found instanceof CommandError) return { state: 'unreadable' }; // a folder, or a FIFO
    throw found;
  }
}

const BEGIN = '-----BEGIN ';
const DASHES = '-----';

/** The part of a buffer from the first line that begins a private key to the line that ends it. */
function firstKeyBlock(bytes: Buffer): Buffer | undefined {
  for (let start = bytes.indexOf(BEGIN); start >= 0; start = bytes.indexOf(BEGIN, start + 1)) {
    const labelAt = start + BEGIN.length;
    const labelEnd = bytes.indexOf(DASHES, labelAt);
    if (labelEnd < 0) return undefined;
    if (labelEnd - labelAt > MAX_LABEL || !endsWith(bytes, labelEnd, 'PRIVATE KEY')) continue;
    const end = `-----END ${bytes.toString('latin1', labelAt, labelEnd)}${DASHES}`;
    const endAt = bytes.indexOf(end, labelEnd);
    return endAt < 0 ? undefined : bytes.subarray(start, endAt + end.length);
  }
  return undefined;
}

/** Longer than any label, and shorter than a line of a key. */
const MAX_LABEL = 32;

const endsWith = (bytes: Buffer, end: number, text: string): boolean =>
  bytes.subarray(Math.max(0, end - text.length), end).equals(Buffer.from(text));

/** PKCS#8 says it in the label; the older forms say it in a header (RFC 1421 section 4.6.1.1). */
const isEncrypted = (block: Buffer): boolean =>
  block.subarray(0, MAX_LABEL + BEGIN.length).includes('ENCRYPTED ') ||
  block.includes('Proc-Type: 4,ENCRYPTED');
