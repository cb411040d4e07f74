/**
 * RSA moduli that are known to be breakable. The tests are those of public CAs (CA/Browser Forum Baseline Requirements
 * 6.1.1.3); each needs only the modulus.
 */

/** Why the modulus is weak; undefined if it passes all tests. */
export function findWeakness(modulus: bigint): string | undefined {
  if (hasSmallFactor(modulus)) return 'the modulus has a small prime factor';
  if (isRoca(modulus)) return 'the modulus has the ROCA fingerprint (CVE-2017-15361)';
  if (isFermatClose(modulus)) return 'the primes are so close that Fermat factorisation finds them';
  return undefined;
}

/** NIST SP 800-89 section 5.3.3 requires all primes below 752. */
const smallPrimesProduct = once(() => productOf(primesUpTo(751)));

function hasSmallFactor(modulus: bigint): boolean {
  return gcd(smallPrimesProduct(), modulus % smallPrimesProduct()) !== 1n;
}

/**
 * Keys of the flawed Infineon library are powers of 65537 modulo many small primes; among other keys, about one in 2^27
 * has this property for all of them. Only primes with a proper subgroup distinguish keys. Nemec et al., "The Return of
 * Coppersmith's Attack", CCS 2017, section 2.
 */
const roca = once(() => {
  const primes = primesUpTo(167).filter((p) => p > 2);
  const subgroups = primes.map((p) => ({ p, powers: powersOf(65537 % p, p) }));
  return {
    product: productOf(primes),
    distinguishing: subgroups.filter(({ p, powers }) => powers.size < p - 1),
  };
});

function isRoca(modulus: bigint): boolean {
  const { product, distinguishing } = roca();
  const residue = modulus % product;
  return distinguishing.every(({ p, powers }) => powers.has(Number(residue % BigInt(p))));
}

/** As many rounds as Let's Encrypt's CA does; for primes that were chosen independently, no number of rounds suffices. */
const FERMAT_ROUNDS = 110;

function isFermatClose(modulus: bigint): boolean {
  let a = ceilSquareRoot(modulus);
  let rest = a * a - modulus;
  for (let round = 0; round < FERMAT_ROUNDS; round++) {
    if (isSquare(rest)) return true;
    rest += 2n * a + 1n;
    a += 1n;
  }
  return false;
}

/** Squares modulo 64, and modulo 3·5·7·11·13: a number that is not a square there is not a square; few false candidates remain. */
const squares = once(() => ({ of64: squaresModulo(64), of15015: squaresModulo(15015) }));

function isSquare(n: bigint): boolean {
  const { of64, of15015 } = squares();
  if (of64[Number(n & 63n)] === 0 || of15015[Number(n % 15015n)] === 0) return false;
  const root = ceilSquareRoot(n);
  return root * root === n;
}

/** Newton's method, starting above the root. */
function ceilSquareRoot(n: bigint): bigint {
  if (n < 2n) return n;
  const bits = BigInt(n.toString(16).length * 4);
  let root = 1n << ((bits + 1n) / 2n);
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root * root === n ? root : root + 1n;
    root = next;
  }
}

/** Tables are computed for the first RSA key, not when the function starts. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function productOf(primes: readonly number[]): bigint {
  return primes.reduce((product, p) => product * BigInt(p), 1n);
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

function primesUpTo(limit: number): number[] {
  const primes: number[] = [];
  for (let n = 2; n <= limit; n++) if (primes.every((p) => n % p !== 0)) primes.push(n);
  return primes;
}

function powersOf(base: number, p: number): Set<number> {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * base) % p) powers.add(power);
  return powers;
}

function squaresModulo(m: number): Uint8Array {
  const squares = new Uint8Array(m);
  for (let i = 0; i < m; i++) squares[(i * i) % m] = 1;
  return squares;
}
