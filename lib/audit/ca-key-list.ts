import { listClaims } from '../ca/key-claims.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { isSameKey } from './sign-call.ts';

/** CloudTrail reports times in whole seconds, and clocks differ. */
const MARGIN_MS = 60 * 1000;

/**
 * Which keys are CA keys: those that a CA claimed (`ca-keys/`). A key is claimed before anything is drafted for it, and
 * claims are never released, so a list that was read after a call has every key that was a CA key at the time of the call.
 * CloudTrail delivers calls with a delay of minutes, so the list is read again every few minutes at most.
 */
export class CaKeyList {
  readonly #authority: ObjectStore;
  readonly #now: () => Date;
  #keyIds: readonly string[] = [];
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(authority: ObjectStore, now: () => Date) {
    this.#authority = authority;
    this.#now = now;
  }

  /** Whether a key was a CA key at a time. */
  async has(keyArn: string, at: Date): Promise<boolean> {
    if (this.#knows(keyArn)) return true;
    if (this.#readAt - MARGIN_MS > at.getTime()) return false;
    const readAt = this.#now().getTime();
    this.#keyIds = await listClaims(this.#authority);
    this.#readAt = readAt;
    return this.#knows(keyArn);
  }

  #knows(keyArn: string): boolean {
    return this.#keyIds.some((keyId) => isSameKey(keyId, keyArn));
  }
}
