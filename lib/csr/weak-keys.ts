/**
 * RSA moduli that are known to be breakable. The tests are the ones that public CAs run (CA/Browser Forum Baseline
 * Requirements 6.1.1.3); each answers for the modulus alone.
 */

/** Why the modulus is weak; undefined if no test finds anything. */
export function findWeakness(modulus: bigint): string | undefined {
  if (hasSmallFactor(modulus)) return 'the modulus has a small prime factor';
  if (isRoca(modulus)) return 'the modulus has the ROCA fingerprint (CVE-2017-15361)';
  if (isFermatClose(modulus)) return 'the primes are so close that Fermat factorisation finds them';
  return undefined;
}

/** NIST SP 800-89 section 5.3.3 asks for all primes below 752. */
const smallPrimesProduct = once(() => productOf(primesUpTo(751)));

function hasSmallFactor(modulus: bigint): boolean {
  return gcd(smallPrimesProduct(), modulus % smallPrimesProduct()) !== 1n;
}

/**
 * Keys of the flawed Infineon library are powers of 65537 modulo each of many small primes; other keys are so for
 * all of them once in about 2^27. Only primes whose subgroup is proper tell anything.
 * Nemec et al., "The Return of Coppersmith's Attack", CCS 2017, section 2.
 */
const roca = once(() => {
  const primes = primesUpTo(167).filter((p) => p > 2);
  const subgroups = primes.map((p) => ({ p, powers: powersOf(65537 % p, p) }));
  return {
    product: productOf(primes),
    telling: subgroups.filter(({ p, powers }) => powers.size < p - 1),
  };
});

function isRoca(modulus: bigint): boolean {
  const { product, telling } = roca();
  const residue = modulus % product;
  return telling.every(({ p, powers }) => powers.has(Number(residue % BigInt(p))));
}

/** As many rounds as Let's Encrypt's CA makes; primes that were drawn apart are out of reach for any number of them. */
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

/** Squares modulo 64, and modulo 3·5·7·11·13: what is none there is none at all, and few others remain. */
const squares = once(() => ({ of64: squaresModulo(64), of15015: squaresModulo(15015) }));

function isSquare(n: bigint): boolean {
  const { of64, of15015 } = squares();
  if (of64[Number(n & 63n)] === 0 || of15015[Number(n % 15015n)] === 0) return false;
  const root = ceilSquareRoot(n);
  return root * root === n;
}

/** Newton's method from a start that is not too small. */
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

/** Tables are made when the first RSA key comes, not when the function starts. */
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
