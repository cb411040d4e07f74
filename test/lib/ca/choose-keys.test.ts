/** Each CA has a different key, for any caller, in any order, and however often calls are repeated. */

import { createTrustDomain } from '../../../lib/ca/create-trust-domain.ts';
import { CA_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { parseTrustDomainRules } from '../../../lib/trust-domain-rules.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { SoftKeys } from '../../support/soft-keys.ts';

function opened() {
  const keys = new SoftKeys();
  let drawn = 0;
  const service = {
    exchange: new MemoryStore(),
    authority: new MemoryStore(),
    keys,
    rules: parseTrustDomainRules(undefined),
    now: () => new Date('2026-11-24T12:00:00Z'),
    randomBytes: (count: number) => {
      drawn += 1;
      return new Uint8Array(count).fill(drawn);
    },
  };
  const create = (
    trustDomain: string,
    named: Partial<Record<(typeof CA_NAMES)[number], string>> = {},
  ) => createTrustDomain(service, keys, { trustDomain, keys: named, validityDays: 30 });
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

it('an interrupted call can be repeated, and keeps its keys', async () => {
  for (let point = 1; point <= 60; point++) {
    const { service, create } = opened();
    let reached = 0;
    service.authority.interrupt = () => {
      reached += 1;
      if (reached === point) throw new Error('killed');
    };
    await create('fleet').catch(() => {});
    service.authority.interrupt = () => {};
    const { document } = await create('fleet');
    expect(Object.keys(document.cas)).toEqual([...CA_NAMES]);
    expect(
      [...service.authority.objects.keys()].filter((key) => key.startsWith('ca-keys/')),
    ).toHaveLength(4);
  }
});
