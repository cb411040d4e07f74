/** A node and a service in one process, new for each test. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Pki, STEMS } from './pki.ts';
import { World } from './world.ts';

export let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.dispose());

const certificateIn = (pki: Pki, stem: string) =>
  new X509Certificate(readFileSync(pki.file(`${stem}.crt`)));

export const arn = (ca: string) => `arn:aws:kms:eu-central-1:111122223333:key/prod-${ca}`;

export function expectAdopted(): void {
  const document = world.authority.json('trust/prod.json') as {
    cas: Record<string, { versions: { origin: string; certificate: string; keyId: string }[] }>;
  };
  expect(Object.keys(document.cas)).toEqual(['ca', 'etcd-ca', 'front-proxy-ca']);
  for (const [ca, stem] of Object.entries(STEMS)) {
    const [version] = document.cas[ca]?.versions ?? [];
    const { raw } = certificateIn(world.pki, stem);
    expect(version).toMatchObject({ origin: 'adopted', keyId: arn(ca) });
    expect(new X509Certificate(version?.certificate ?? '').raw).toEqual(raw);
    const bundle = world.exchange.text(`trust/prod/${stem}.crt`) ?? '';
    expect(new X509Certificate(bundle).raw).toEqual(raw);
  }
}

const CALLS = [
  'create-ca prepare-adoption',
  ...['ca', 'etcd-ca', 'front-proxy-ca'].flatMap(() => ['parameters', 'import']),
  'create-ca adopt',
];
/** Before and after each call of an adoption, in order. */
export const POINTS = CALLS.flatMap((call) => [`before ${call}`, `after ${call}`]);
