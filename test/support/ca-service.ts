import { createHash } from 'node:crypto';
import { parseTrustDomainRules } from '../../lib/trust-domain-rules.ts';
import { MemoryStore } from './memory-store.ts';
import { SoftKeys } from './soft-keys.ts';

/** Empty buckets, and keys, of a service that creates CAs: at one time, with a known sequence instead of randomness. */
export function openCaService(now: Date) {
  const keys = new SoftKeys();
  let drawn = 0;
  const service = {
    exchange: new MemoryStore(),
    authority: new MemoryStore(),
    keys,
    rules: parseTrustDomainRules(undefined),
    now: () => now,
    randomBytes: (n: number) => {
      drawn += 1;
      return createHash('sha512').update(`${drawn}`).digest().subarray(0, n);
    },
  };
  return { keys, service };
}
