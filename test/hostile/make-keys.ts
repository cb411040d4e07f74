/**
 * Makes the throw-away keys of `keys.json`. Run by hand, and only for a new key: `npx tsx test/hostile/make-keys.ts`.
 * Existing keys are not changed.
 */
import {
  checkPrimeSync,
  generateKeyPairSync,
  generatePrimeSync,
  type KeyObject,
} from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { KEYS_FILE, power, type StoredKey } from '../support/csr-builder-keys.ts';

const stored = ({ privateKey }: { privateKey: KeyObject }): StoredKey => ({
  pkcs8: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
});
const rsa = (modulusLength: number, publicExponent = 65537) =>
  stored(generateKeyPairSync('rsa', { modulusLength, publicExponent }));
const ec = (namedCurve: string) => stored(generateKeyPairSync('ec', { namedCurve }));
const prime = (bits: number) => generatePrimeSync(bits, { bigint: true });

const MAKERS: Record<string, () => StoredKey> = {
  'rsa-2048': () => rsa(2048),
  'another rsa-2048': () => rsa(2048),
  'rsa-1024': () => rsa(1024),
  'rsa-2047': () => ofLength(2047),
  'rsa-2056': () => rsa(2056),
  'rsa-4096': () => rsa(4096),
  'rsa-8192': () => rsa(8192),
  'rsa with exponent 3': () => rsa(2048, 3),
  'rsa with exponent 65539': () => rsa(2048, 65539),
  'rsa-pss': () => stored(generateKeyPairSync('rsa-pss', { modulusLength: 2048 })),
  'p-256': () => ec('P-256'),
  'another p-256': () => ec('P-256'),
  'p-384': () => ec('P-384'),
  'p-224': () => ec('P-224'),
  'p-521': () => ec('P-521'),
  secp256k1: () => ec('secp256k1'),
  ed25519: () => stored(generateKeyPairSync('ed25519')),
  x25519: () => stored(generateKeyPairSync('x25519')),
  dsa: () => stored(generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 })),
  'rsa of close primes': () => numbers(...closePrimes()),
  'rsa with factor 2': () => numbers(2n, prime(2047)),
  'rsa with factor 751': () => numbers(751n, primeFor(751n)),
  'rsa with the ROCA fingerprint': () => rocaKey(),
};

function invert(a: bigint, modulus: bigint): bigint {
  let [r, next, s, t] = [a % modulus, modulus, 1n, 0n];
  while (next !== 0n) {
    const q = r / next;
    [r, next, s, t] = [next, r - q * next, t, s - q * t];
  }
  return ((s % modulus) + modulus) % modulus;
}

/** An RSA key from two given primes. */
function numbers(p: bigint, q: bigint): StoredKey {
  const [n, e] = [p * q, 65537n];
  const hex = (value: bigint) => value.toString(16);
  return { n: hex(n), e: hex(e), d: hex(invert(e, (p - 1n) * (q - 1n))) };
}

/** Some versions of Node.js round odd lengths, so the primes are chosen here. */
function ofLength(bits: number): StoredKey {
  for (;;) {
    const [p, q] = [prime(1024), prime(bits - 1024)];
    if ((p * q).toString(2).length === bits) return numbers(p, q);
  }
}

function closePrimes(): [bigint, bigint] {
  const p = prime(1024);
  let q = p + 2n;
  while (!checkPrimeSync(q)) q += 2n;
  return [p, q];
}

function primeFor(factor: bigint): bigint {
  for (;;) {
    const q = prime(2048 - factor.toString(2).length);
    if ((factor * q).toString(2).length === 2048) return q;
  }
}

/** Primes k·M + (65537^a mod M) with M a product of small primes (Nemec et al., CCS 2017, section 2). */
function rocaKey(): StoredKey {
  const primes = [...Array(700).keys()].filter((n) => n > 1 && checkPrimeSync(BigInt(n)));
  const m = primes.slice(0, 71).reduce((product, p) => product * BigInt(p), 1n);
  const draw = (): bigint => {
    for (;;) {
      const top = 3n << 1022n;
      const k = top / m + (prime(40) % (1n << 30n));
      const candidate = k * m + power(65537n, prime(120), m);
      if (checkPrimeSync(candidate) && candidate.toString(2).length === 1024) return candidate;
    }
  };
  return numbers(draw(), draw());
}

const known: Record<string, StoredKey> = existsSync(KEYS_FILE)
  ? JSON.parse(readFileSync(KEYS_FILE, 'utf8'))
  : {};
const keys = Object.fromEntries(
  Object.entries(MAKERS).map(([name, make]) => [name, known[name] ?? make()]),
);
writeFileSync(KEYS_FILE, `${JSON.stringify(keys, null, 2)}\n`);
