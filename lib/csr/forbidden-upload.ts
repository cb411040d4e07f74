/** Uploads that are deleted from the bucket at once, under any key. */
import { LIMITS } from '../limits.ts';
import { quote } from '../printable.ts';
import type { Violation } from '../refusal/violation.ts';
import type { StoredObject } from '../store/object-store.ts';
import { findPrivateKey } from './private-key-material.ts';
import { digestOf } from './read-request.ts';

/** The record's digest of the uploaded bytes; an object that is too large or unreadable has not been read. */
export function digestOfObject(object: StoredObject): string {
  return object.tooLarge || object.unreadable !== undefined ? 'unread' : digestOf(object.body);
}

/** A private key must not be uploaded, and an object that cannot be inspected could contain one. */
export function findForbidden(object: StoredObject): Violation | undefined {
  if (object.unreadable !== undefined)
    return {
      code: 'object-unreadable',
      field: 'object',
      got: quote(object.unreadable),
      allowed: 'an object of storage class STANDARD, encrypted as the bucket encrypts by default',
      fix: 'upload the CSR without a storage class and without encryption headers',
    };
  if (object.tooLarge)
    return {
      code: 'object-too-large',
      field: 'object',
      got: `${object.size} bytes`,
      allowed: `at most ${LIMITS.maxObjectBytes} bytes`,
      fix: 'upload only the CSR',
    };
  const found = findPrivateKey(object.body);
  if (!found) return undefined;
  return {
    code: 'private-key',
    field: 'object',
    got: found,
    allowed: 'a certificate signing request, which contains only the public key',
    fix: 'treat the key as compromised: create a new key and CSR, and upload only the CSR',
  };
}
