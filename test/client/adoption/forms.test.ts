/** Real CAs of every form (test/fixtures/adopted-cas), through the command and the function, up to the bundles. */
import { X509Certificate } from 'node:crypto';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formsFound, windowsOf } from './octets.ts';
import { STEMS } from './pki.ts';
import { World } from './world.ts';

const FIXTURES = 'test/fixtures/adopted-cas';
const forms = readdirSync(FIXTURES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.dispose());

it('finds the forms', () => {
  expect(forms.length).toBeGreaterThan(5);
});

it.each(forms)('CAs of the form %s are inspected and adopted as they are', async (form) => {
  cpSync(join(FIXTURES, form), world.pki.folders.certDir, { recursive: true });
  const inspected = await world.run(
    'inspect-pki',
    '--kubeconfig-dir',
    world.pki.root,
    '-o',
    'json',
  );
  const { adoptable, cas } = JSON.parse(inspected.printed);
  expect([adoptable, cas.map(({ key }: { key: string }) => key)]).toEqual([
    true,
    ['matches', 'matches', 'matches'],
  ]);
  const run = await world.adopt();
  expect(run.error).toBeUndefined();
  for (const stem of Object.values(STEMS)) {
    const onNode = new X509Certificate(readFileSync(world.pki.file(`${stem}.crt`)));
    const published = world.exchange.text(`trust/prod/${stem}.crt`) ?? '';
    expect(new X509Certificate(published).raw).toEqual(onNode.raw);
    const windows = windowsOf(readFileSync(world.pki.file(`${stem}.key`), 'utf8'));
    const sent = Buffer.concat([...world.kms.received, Buffer.from(run.printed + run.said)]);
    expect(formsFound(windows, sent)).toEqual([]);
  }
});
