/**
 * Private keys in files of any kind: PEM as it is, indented in YAML as cloud-init's `write_files` have it, with `\n` as in
 * JSON, or in base64 as in a Secret.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';

/** Quick to find in a text without any. */
const HINT = /PRIVATE KEY-----|LS0tLS1CRUdJTi/;
const BLOCK =
  /-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----((?:[A-Za-z0-9+/=\s]|\\[rn])+)-----END \1-----/g;
/** Only their owner can say what is in them. */
const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: ?4,ENCRYPTED/;
/** `-----BEGIN` in base64, up to the end of the word. */
const ENCODED = /LS0tLS1CRUdJTi[A-Za-z0-9+/]+={0,2}/g;

/** Real files have a few; someone may have filled one with thousands. */
const MOST_KEYS = 100;

export interface KeysInText {
  /** The first hundred. */
  readonly keys: readonly KeyObject[];
  readonly hasMore: boolean;
  readonly hasEncrypted: boolean;
}

export function privateKeysIn(text: string): KeysInText {
  if (!HINT.test(text)) return { keys: [], hasMore: false, hasEncrypted: false };
  const decoded = [...text.matchAll(ENCODED)].map(([word]) =>
    Buffer.from(word, 'base64').toString('latin1'),
  );
  const texts = [text, ...decoded];
  const blocks = texts.flatMap((one) => [...one.matchAll(BLOCK)]);
  return {
    keys: blocks.slice(0, MOST_KEYS).flatMap(([, ...block]) => read(block)),
    hasMore: blocks.length > MOST_KEYS,
    hasEncrypted: texts.some((one) => ENCRYPTED.test(one)),
  };
}

function read([label = '', body = '']: readonly string[]): KeyObject[] {
  const base64 = body.replaceAll(/\\[rn]|\s/g, '');
  try {
    return [createPrivateKey(`-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`)];
  } catch {
    return []; // not a key after all
  }
}
