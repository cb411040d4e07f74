/** What is wrapped for KMS, opened by PyCA's cryptography, which the tools for the examples bring along. */
import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { wrapPrivateKey } from '../../../lib/ca/wrap-key.ts';
import { toolsFolder } from '../../support/judges-programs.ts';

const python = join(toolsFolder(), 'examples', 'bin', 'python');
const installed = existsSync(python);
if (!installed && process.env.CAKELESS_REQUIRE_JUDGES === '1')
  throw new Error('CAKELESS_REQUIRE_JUDGES=1, but no PyCA: run test/tools/install.sh examples');
const judged = installed ? it : it.skip;

const UNWRAP = `
import base64, json, sys
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import padding
given = {name: base64.b64decode(text) for name, text in json.load(sys.stdin).items()}
wrapping_key = serialization.load_der_private_key(given["wrapping_key"], None)
size = wrapping_key.key_size // 8
oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
aes_key = wrapping_key.decrypt(given["wrapped"][:size], oaep)
der = keywrap.aes_key_unwrap_with_padding(aes_key, given["wrapped"][size:])
serialization.load_der_private_key(der, None)
sys.stdout.write(base64.b64encode(der).decode())
`;

const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey;
const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).privateKey;
const pkcs8 = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'der' });

const keys: [string, KeyObject][] = [
  ['a P-256 key', ec('P-256')],
  ['a P-384 key', ec('P-384')],
  ['an RSA key of 2048 bits', rsa(2048)],
  ['an RSA key of 4096 bits', rsa(4096)],
];

describe.each([2048, 4096])('wrapped for an RSA key of %i bits', (bits) => {
  const wrappingKey = rsa(bits);
  const spki = createPublicKey(wrappingKey).export({ type: 'spki', format: 'der' });

  judged.each(keys)('%s is what PyCA finds', (_, key) => {
    const wrapped = wrapPrivateKey(pkcs8(key), spki, randomBytes);
    const given = { wrapping_key: pkcs8(wrappingKey), wrapped };
    const input = JSON.stringify(given, (_name, value) =>
      value?.type === 'Buffer' ? Buffer.from(value.data).toString('base64') : value,
    );
    const found = execFileSync(python, ['-c', UNWRAP], { input, encoding: 'utf8' });
    expect(found).toBe(pkcs8(key).toString('base64'));
  });
});
