/** CPU time of one certificate, with the CA's signature, beside cfssl's and @peculiar/x509's. */
import { buildCfssl, Cfssl } from './cfssl.ts';
import { type BenchCase, type Issuing, openIssuing, P256 } from './issuance.ts';
import { issueWithPeculiar } from './peculiar.ts';
import { describeSpread } from './ratios.ts';

const WARM_UP = 1000;
const ROUNDS = 15;
const PER_ROUND = 100;

/** At most this many times cfssl, for P-256. */
const AIM = 1.5;

const CASES: readonly BenchCase[] = [
  P256,
  { key: 'P-384', version: '1.35.4', config: 'v6-p384', caKeySpec: 'ECC_NIST_P384' },
  { key: 'RSA-2048', version: '1.35.4', config: 'dual-rsa2048', caKeySpec: 'RSA_2048' },
];

/** CPU milliseconds per certificate of each side, in one round. */
type Round = Readonly<Record<string, number>>;
type Side = (count: number) => Promise<number>;

export async function benchCpu(): Promise<void> {
  console.log('CPU per certificate, with the CA signature: user and system time of all threads');
  const missing = buildCfssl();
  if (missing) console.log(`  cfssl cannot be built here: ${missing}`);
  for (const one of CASES) await benchCase(one, !missing);
}

async function benchCase(one: BenchCase, withCfssl: boolean): Promise<void> {
  const issuing = await openIssuing(one);
  const cfssl = withCfssl ? await Cfssl.start(issuing) : undefined;
  try {
    const sides: Record<string, Side> = {
      here: (count) => cpuOf(count, issuing.issue),
      ...(one === P256 && { '@peculiar/x509': peculiarSide(issuing) }),
      ...(cfssl && {
        'cfssl, its HTTP endpoint': (count: number) => cfssl.serve(count),
        'cfssl, its library': (count: number) => cfssl.sign(count),
      }),
    };
    print(one, await measure(sides));
  } finally {
    cfssl?.stop();
  }
}

async function measure(sides: Readonly<Record<string, Side>>): Promise<Round[]> {
  for (const side of Object.values(sides)) await side(WARM_UP);
  const rounds: Round[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const round: Record<string, number> = {};
    for (const [name, side] of Object.entries(sides))
      round[name] = (await side(PER_ROUND)) / 1000 / PER_ROUND;
    rounds.push(round);
  }
  return rounds;
}

function print({ key }: BenchCase, rounds: readonly Round[]): void {
  console.log(
    `  CSR and CA with ${key}, ms: median [quartiles] of ${ROUNDS} rounds of ${PER_ROUND}`,
  );
  const valuesOf = (side: string) => rounds.map((round) => round[side] ?? 0);
  const here = valuesOf('here');
  for (const side of Object.keys(rounds[0] ?? {})) {
    const values = valuesOf(side);
    const ratio = describeSpread(here.map((value, i) => value / (values[i] ?? 0)));
    const compared = side === 'here' ? '' : `   here/it ${ratio}${aimOf(key, side)}`;
    console.log(`    ${side.padEnd(26)}${describeSpread(values)}${compared}`);
  }
}

const aimOf = (key: string, side: string) =>
  key === P256.key && side.startsWith('cfssl') ? `   aim at most ${AIM}` : '';

function peculiarSide({ csrs, caCertificate, caKey }: Issuing): Side {
  let turn = 0;
  return (count) =>
    cpuOf(count, () => {
      turn += 1;
      return issueWithPeculiar(csrs[turn % csrs.length] ?? '', caCertificate, caKey);
    });
}

/** CPU microseconds of this process. */
async function cpuOf(count: number, issue: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < count; i++) await issue();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
