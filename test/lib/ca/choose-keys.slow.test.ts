/** Each CA has a different key, for any caller, in any order, and however often calls are repeated. */

import { createTrustDomain } from '../../../lib/ca/create-trust-domain.ts';
import { bundleKey } from '../../../lib/contract/trust-domain.ts';
import { CA_NAMES, type CaName } from '../../../lib/profiles/certificate-names.ts';
import { openCaService } from '../../support/ca-service.ts';

function opened() {
  const { keys, service } = openCaService(new Date('2026-11-24T12:00:00Z'));
  const create = (
    trustDomain: string,
    named: Partial<Record<CaName, string>> = {},
    cas?: readonly CaName[],
  ) =>
    createTrustDomain(service, keys, {
      trustDomain,
      keys: named,
      validityDays: 30,
      ...(cas && { cas }),
    });
  return { keys, service, create };
}

it('refuses one key for two CAs, and writes nothing', async () => {
  const { keys, service, create } = opened();
  const { keyId } = await keys.ensure(
    { trustDomain: 'mine', ca: 'ca', version: 1 },
    'ECC_NIST_P256',
  );
  await expect(create('fleet', { ca: keyId, 'etcd-ca': keyId })).rejects.toMatchObject({
    code: 'request-malformed',
  });
  expect(service.authority.objects.size).toBe(0);
});

it('if several trust domains claim the same key at the same time, only one gets it', async () => {
  const { keys, create } = opened();
  const { keyId } = await keys.ensure(
    { trustDomain: 'mine', ca: 'ca', version: 1 },
    'ECC_NIST_P256',
  );
  const calls = [
    create('a', { ca: keyId }),
    create('b', { ca: keyId }),
    create('c', { 'etcd-ca': keyId }),
  ];
  const done = await Promise.allSettled(calls);
  expect(done.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
});

it('racing calls for one trust domain that use its key for different CAs never share it', async () => {
  const { keys, service, create } = opened();
  const { keyId } = await keys.ensure(
    { trustDomain: 'mine', ca: 'ca', version: 1 },
    'ECC_NIST_P256',
  );
  await Promise.allSettled([create('fleet', { ca: keyId }), create('fleet', { 'etcd-ca': keyId })]);
  const document = service.authority.json('trust/fleet.json') as
    | { cas: Record<string, { versions: { keyId: string }[] }> }
    | undefined;
  const used = Object.values(document?.cas ?? {}).flatMap(({ versions }) =>
    versions.map((v) => v.keyId),
  );
  expect(new Set(used).size).toBe(used.length);
});

describe('a trust domain without kubelet-ca', () => {
  const OLD = ['ca', 'etcd-ca', 'front-proxy-ca'] as const;

  async function withOld() {
    const all = opened();
    await all.create('fleet', {}, OLD);
    const before = all.service.authority.json('trust/fleet.json') as { cas: object };
    return { ...all, before };
  }

  it('stays as it is if no CA is requested', async () => {
    const { service, create, before } = await withOld();
    expect(await create('fleet')).toMatchObject({ created: false, added: [] });
    expect(service.authority.json('trust/fleet.json')).toEqual(before);
    expect(service.exchange.text('trust/fleet/kubelet-ca.crt')).toBeUndefined();
  });

  it.each(['by name', 'by its key'])(
    'gets it if it is requested %s, and nothing else changes',
    async (how) => {
      const { service, keys, create, before } = await withOld();
      const { keyId } = await keys.ensure(
        { trustDomain: 'mine', ca: 'kubelet-ca', version: 1 },
        'RSA_2048',
      );
      const bundles = OLD.map((ca) => service.exchange.text(bundleKey('fleet', ca)));
      const signed = keys.signed.length;
      const made =
        how === 'by name'
          ? await create('fleet', {}, ['kubelet-ca'])
          : await create('fleet', { 'kubelet-ca': keyId });
      expect(made).toMatchObject({ created: false, added: ['kubelet-ca'] });
      expect(service.authority.json('trust/fleet.json')).toEqual({
        ...before,
        cas: { ...before.cas, 'kubelet-ca': made.document.cas['kubelet-ca'] },
      });
      expect(keys.signed).toHaveLength(signed + 1);
      expect(OLD.map((ca) => service.exchange.text(bundleKey('fleet', ca)))).toEqual(bundles);
      const [version] = made.document.cas['kubelet-ca']?.versions ?? [];
      expect(version?.keySpec).toBe(how === 'by name' ? 'ECC_NIST_P256' : 'RSA_2048');
      expect(service.exchange.text('trust/fleet/kubelet-ca.crt')).toBe(version?.certificate);
      expect(await create('fleet', {}, CA_NAMES)).toMatchObject({ created: false, added: [] });
    },
  );

  it('keeps fields that only a later release knows', async () => {
    const { service, create, before } = await withOld();
    const later = { ...before, later: 'a', cas: { ...before.cas, 'pod-ca': { signing: 1 } } };
    service.authority.seed('trust/fleet.json', JSON.stringify(later));
    const { document } = await create('fleet', {}, ['kubelet-ca']);
    expect(service.authority.json('trust/fleet.json')).toEqual({
      ...later,
      cas: { ...later.cas, 'kubelet-ca': document.cas['kubelet-ca'] },
    });
  });

  it('is not given the key of another CA', async () => {
    const { create, before, service } = await withOld();
    const ca = (before.cas as { ca: { versions: { keyId: string }[] } }).ca.versions[0];
    await expect(create('fleet', { 'kubelet-ca': ca?.keyId ?? '' })).rejects.toThrow(
      'is already the key of ca',
    );
    expect(service.authority.json('trust/fleet.json')).toEqual(before);
  });

  it('gets one kubelet-ca if several calls add it at the same time, with different keys', async () => {
    const { keys, create, service } = await withOld();
    const named = await Promise.all(
      ['a', 'b', 'c'].map(async (trustDomain) =>
        keys.ensure({ trustDomain, ca: 'kubelet-ca', version: 1 }, 'ECC_NIST_P256'),
      ),
    );
    const calls = [
      create('fleet', {}, ['kubelet-ca']),
      ...named.map(({ keyId }) => create('fleet', { 'kubelet-ca': keyId })),
    ];
    const done = await Promise.allSettled(calls);
    const { document } = await create('fleet');
    const [version] = document.cas['kubelet-ca']?.versions ?? [];
    // a call that names no key takes the one that won; each of the others only its own
    const statusOf = (keyId: string) => (keyId === version?.keyId ? 'fulfilled' : 'rejected');
    expect(done.map(({ status }) => status)).toEqual([
      'fulfilled',
      ...named.map(({ keyId }) => statusOf(keyId)),
    ]);
    for (const one of done)
      if (one.status === 'rejected')
        expect(one.reason).toMatchObject({ code: 'request-malformed' });
    expect(document.cas['kubelet-ca']?.versions).toHaveLength(1);
    expect(service.exchange.text('trust/fleet/kubelet-ca.crt')).toBe(version?.certificate);
  });

  it('gets it if the call is repeated after it was interrupted anywhere', async () => {
    let [point, isReached] = [0, true];
    while (isReached) {
      point += 1;
      const { service, create, before } = await withOld();
      let reached = 0;
      service.authority.interrupt = service.exchange.interrupt = () => {
        reached += 1;
        if (reached === point) throw new Error('killed');
      };
      await create('fleet', {}, ['kubelet-ca']).catch(() => {});
      isReached = reached >= point;
      service.authority.interrupt = service.exchange.interrupt = () => {};
      const { document } = await create('fleet', {}, ['kubelet-ca']);
      expect(document.cas).toMatchObject(before.cas);
      const [version] = document.cas['kubelet-ca']?.versions ?? [];
      expect(service.exchange.text('trust/fleet/kubelet-ca.crt')).toBe(version?.certificate);
    }
    expect(point).toBeGreaterThan(5);
  });
});

it('a new trust domain has the requested CAs, of which ca must be one', async () => {
  const { create, service } = opened();
  await expect(create('fleet', {}, ['kubelet-ca'])).rejects.toThrow('a new one must have ca');
  expect(service.authority.objects.size).toBe(0);
  const { document, added } = await create('fleet', {}, ['kubelet-ca', 'ca']);
  expect([Object.keys(document.cas), added]).toEqual([
    ['ca', 'kubelet-ca'],
    ['ca', 'kubelet-ca'],
  ]);
});

it('a trust domain without etcd-ca, for clusters with an external etcd, stays without it', async () => {
  const { create, service } = opened();
  const cas = ['ca', 'front-proxy-ca', 'kubelet-ca'] as const;
  const { document } = await create('fleet', {}, cas);
  expect(Object.keys(document.cas)).toEqual(cas);
  expect(service.exchange.text(bundleKey('fleet', 'etcd-ca'))).toBeUndefined();
  expect(await create('fleet')).toMatchObject({ created: false, added: [], document });
  const later = await create('fleet', {}, ['etcd-ca']);
  expect([later.added, Object.keys(later.document.cas)]).toEqual([['etcd-ca'], [...CA_NAMES]]);
});

it('an interrupted call can be repeated, and keeps its keys', async () => {
  let [point, isReached] = [0, true];
  while (isReached) {
    point += 1;
    const { service, create } = opened();
    let reached = 0;
    service.authority.interrupt = () => {
      reached += 1;
      if (reached === point) throw new Error('killed');
    };
    await create('fleet').catch(() => {});
    isReached = reached >= point;
    service.authority.interrupt = () => {};
    const { document } = await create('fleet');
    expect(Object.keys(document.cas)).toEqual([...CA_NAMES]);
    expect(
      [...service.authority.objects.keys()].filter((key) => key.startsWith('ca-keys/')),
    ).toHaveLength(4);
  }
  expect(point).toBeGreaterThan(10);
});
