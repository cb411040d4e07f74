/**
 * Makes the throw-away keys of `shared-rsa-keys.json`: as many as most suites ask for, by number of bits. Run by hand:
 * `npx tsx test/support/make-shared-rsa-keys.ts`.
 */
import { writeFileSync } from 'node:fs';
import { keySpec } from '../../local/kms/key-specs.ts';
import { generatePrivateKey } from '../../local/kms/key-store.ts';

const COUNTS = { 2048: 16, 4096: 6 };

const keys: Record<string, string[]> = {};
for (const [bits, count] of Object.entries(COUNTS)) {
  keys[bits] = [];
  for (let i = 0; i < count; i++) keys[bits].push(await generatePrivateKey(keySpec(`RSA_${bits}`)));
}
writeFileSync('test/support/shared-rsa-keys.json', `${JSON.stringify(keys, null, 2)}\n`);
