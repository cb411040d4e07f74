/** An import of certificates is killed at each of its calls. */
import { chainKey, trustDomainKey } from '../../../lib/contract/trust-domain.ts';
import { killed, opened, TRUST_DOMAIN } from './subordinate.ts';

describe('importing certificates', () => {
  it('that is killed at any call is finished by the next, and by nothing else', async () => {
    let [point, isReached] = [0, true];
    while (isReached) {
      point += 1;
      const world = opened();
      const cas = await world.issue(['ca', 'etcd-ca']);
      let calls = 0;
      const interrupt = () => {
        calls += 1;
        if (calls === point) killed();
      };
      for (const part of [world.authority, world.exchange, world.keys]) part.interrupt = interrupt;
      await world.importing(cas).catch(() => {});
      isReached = calls >= point;
      for (const part of [world.authority, world.exchange, world.keys]) part.interrupt = () => {};
      if (world.authority.text(trustDomainKey(TRUST_DOMAIN)) === undefined)
        await expect(world.create()).rejects.toMatchObject({ code: 'request-malformed' });
      const { document } = await world.importing(cas);
      expect(Object.keys(document.cas)).toEqual(['ca', 'etcd-ca']);
      for (const ca of ['ca', 'etcd-ca'] as const)
        expect(world.exchange.text(chainKey(TRUST_DOMAIN, ca))).toBe(
          `${cas[ca]?.certificate}${cas[ca]?.chain}`,
        );
    }
    expect(point).toBeGreaterThan(20);
  });
});
