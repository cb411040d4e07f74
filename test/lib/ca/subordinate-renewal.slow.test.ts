/** An import that renews a subordinate CA is killed at each of its calls. */
import { publishedRenewalsKey } from '../../../lib/contract/published-renewals.ts';
import { bundleKey } from '../../../lib/contract/trust-domain.ts';
import { killed, TRUST_DOMAIN } from './subordinate.ts';
import { later, reissue, versionOf } from './subordinate-renewal.ts';

it('a renewal that is killed at any call is finished by the next, and there is only one', async () => {
  for (let point = 1, isReached = true; isReached; point += 1) {
    const world = await later();
    const given = { ca: reissue(world) };
    let calls = 0;
    const interrupt = () => {
      calls += 1;
      if (calls === point) killed();
    };
    const parts = [world.authority, world.exchange, world.keys];
    for (const part of parts) part.interrupt = interrupt;
    await world.importing(given).catch(() => {});
    isReached = calls >= point;
    for (const part of parts) part.interrupt = () => {};
    await world.importing(given);
    const { voucher, renewals, certificate } = versionOf(world);
    expect([renewals, certificate]).toEqual([1, given.ca.certificate]);
    expect(world.exchange.json(publishedRenewalsKey(TRUST_DOMAIN))).toMatchObject({
      renewals: [voucher],
    });
    expect(world.exchange.text(bundleKey(TRUST_DOMAIN, 'ca'))).toBe(given.ca.certificate);
    if (!isReached) expect(point).toBeGreaterThan(20);
  }
});
