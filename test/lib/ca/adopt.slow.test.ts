/** An adoption is killed at each of its calls. */
import { ADOPTABLE_CAS } from '../../../lib/ca/trust-domain-request.ts';
import { certificateToPem } from '../../../lib/certificate/pem.ts';
import { bundleKey } from '../../../lib/contract/trust-domain.ts';
import { toAdopt } from '../../support/adopted-cas.ts';
import { existing, importInto, opened, TRUST_DOMAIN } from './adopt.ts';

function killed(): never {
  throw new Error('killed');
}

it('an adoption that is killed at any call is finished by the next, and by nothing else', async () => {
  let point = 0;
  let isReached = true;
  while (isReached) {
    point += 1;
    const world = opened();
    await importInto(world);
    let calls = 0;
    const interrupt = () => {
      calls += 1;
      if (calls === point) killed();
    };
    for (const part of [world.authority, world.exchange, world.keys]) part.interrupt = interrupt;
    await world.adopt(toAdopt(existing)).catch(() => {});
    isReached = calls >= point;
    for (const part of [world.authority, world.exchange, world.keys]) part.interrupt = () => {};
    const { document } = await world.adopt(toAdopt(existing));
    expect(Object.keys(document.cas)).toEqual([...ADOPTABLE_CAS]);
    expect(new Set(world.keys.records).size).toBe(3);
    for (const ca of ADOPTABLE_CAS)
      expect(world.exchange.text(bundleKey(TRUST_DOMAIN, ca))).toBe(
        certificateToPem(existing[ca].x509.raw),
      );
  }
  expect(point).toBeGreaterThan(30);
});
