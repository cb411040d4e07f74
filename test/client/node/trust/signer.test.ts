/** Which certificates chain to a CA file, directly or through the intermediates in their own file. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chainOf } from '../../../../client/node/trust/path.ts';
import { findAnchor, leadsTo } from '../../../../client/node/trust/signer.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-signer-'));
const file = (name: string) => join(root, name);
const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });

/** A certificate for a key of the same name; self-signed without a signer. */
function make(name: string, options: { by?: string; ca?: boolean; key?: string; cn?: string }) {
  const { by, ca = true, key = name, cn = name } = options;
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', file(`${name}.key`));
  const pair = ['-key', file(`${key}.key`), '-subj', `/CN=${cn}`];
  writeFileSync(file('ext'), `basicConstraints=critical,CA:${ca ? 'TRUE' : 'FALSE'}\n`);
  openssl('req', '-new', ...pair, '-out', file(`${name}.csr`));
  const signer =
    by === undefined
      ? ['-signkey', file(`${key}.key`)]
      : ['-CA', file(`${by}.crt`), '-CAkey', file(`${by}.key`), '-CAcreateserial'];
  openssl(
    ...['x509', '-req', '-days', '30', '-in', file(`${name}.csr`), '-extfile', file('ext')],
    ...[...signer, '-out', file(`${name}.crt`)],
  );
}

const pem = (name: string) => readFileSync(file(`${name}.crt`), 'utf8');
const presented = (...names: string[]) => {
  const chain = chainOf(names.map(pem));
  if (!chain) throw new Error('no leaf');
  return chain;
};

beforeAll(() => {
  make('old', { cn: 'kubernetes' });
  make('new', { cn: 'kubernetes' });
  make('cross', { by: 'old', key: 'new', cn: 'kubernetes' });
  make('sub', { by: 'old' });
  make('subsub', { by: 'sub' });
  make('not-a-ca', { by: 'old', ca: false });
  make('leaf', { by: 'new', ca: false });
  make('deep', { by: 'subsub', ca: false });
  make('below-a-leaf', { by: 'not-a-ca', ca: false });
});
afterAll(() => rmSync(root, { recursive: true }));

it.each([
  ['a leaf chains to the CA that signed it', ['leaf'], 'new', true],
  ['a leaf alone does not chain to the older CA', ['leaf'], 'old', false],
  ['a leaf with a cross certificate chains to the older CA', ['leaf', 'cross'], 'old', true],
  ['a leaf with a cross certificate chains to the newer CA', ['leaf', 'cross'], 'new', true],
  ['a leaf chains through two intermediates', ['deep', 'subsub', 'sub'], 'old', true],
  ['intermediates may be in any order', ['deep', 'sub', 'subsub'], 'old', true],
  ['a leaf chains to an intermediate that is trusted', ['deep', 'subsub'], 'sub', true],
  ['a missing intermediate breaks the chain', ['deep', 'sub'], 'old', false],
  ['a certificate that is not a CA vouches for none', ['below-a-leaf', 'not-a-ca'], 'old', false],
] as const)('%s', (_, names, anchor, expected) => {
  expect(leadsTo(presented(...names), pem(anchor))).toBe(expected);
});

it('the anchor is the certificate of the CA file, not the intermediate that signed the leaf', () => {
  const anchor = findAnchor(presented('leaf', 'cross'), pem('old'));
  expect(anchor?.fingerprint256).toBe(new X509Certificate(pem('old')).fingerprint256);
});

it('many certificates of one name are looked at once each', () => {
  const many = [pem('leaf'), ...Array.from({ length: 40 }, () => pem('new'))];
  const chain = chainOf(many);
  expect(chain && leadsTo(chain, pem('sub'))).toBe(false);
});

it('what cannot be parsed proves nothing', () => {
  expect(
    chainOf(['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n']),
  ).toBeUndefined();
  expect(chainOf([])).toBeUndefined();
});
