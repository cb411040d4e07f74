/** Objects that are taken out of the bucket at once, whatever they were meant to be. */
import type { Violation } from '../refusal/violation.ts';
import type { StoredObject } from '../store/object-store.ts';
import { LIMITS } from './limits.ts';
import { findPrivateKey } from './private-key-material.ts';
import { digestOf } from './read-request.ts';

/** What the record calls the uploaded bytes; an oversized object has not been read. */
export function digestOfObject(object: StoredObject): string {
  return object.tooLarge ? 'unread' : digestOf(object.body);
}

/** Private keys have no business here, and what is too large to look into could hold one. */
export function findWhatMustGo(object: StoredObject): Violation | undefined {
  if (object.tooLarge)
    return {
      code: 'object-too-large',
      field: 'object',
      got: `${object.size} bytes`,
      allowed: `at most ${LIMITS.maxObjectBytes} bytes`,
      fix: "upload kubeadm's .csr files only, under a new request id",
    };
  const found = findPrivateKey(object.body);
  if (!found) return undefined;
  return {
    code: 'private-key',
    field: 'object',
    got: found,
    allowed: 'a certificate signing request, which holds the public key only',
    fix: 'treat the key as exposed: make a new key and CSR, and upload .csr files only, under a new request id',
  };
}
