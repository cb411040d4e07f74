/** Makes the throw-away RSA keys of `ca-keys.json`, one for each CA. Run by hand: `npx tsx test/support/make-ca-keys.ts`. */
import { writeFileSync } from 'node:fs';
import { CA_NAMES } from '../../lib/profiles/certificate-names.ts';
import { keySpec } from '../../local/kms/key-specs.ts';
import { generatePrivateKey } from '../../local/kms/key-store.ts';

const keys: Record<string, string[]> = {};
for (const name of ['RSA_2048', 'RSA_3072', 'RSA_4096']) {
  keys[name] = [];
  for (const _ of CA_NAMES) keys[name].push(await generatePrivateKey(keySpec(name)));
}
writeFileSync('test/support/ca-keys.json', `${JSON.stringify(keys, null, 2)}\n`);
