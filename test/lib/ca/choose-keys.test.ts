/** Each CA has a key of its own, whoever asks, in whatever order, and however often. */
import { createTrustDomain } from '../../../lib/ca/create-trust-domain.ts';
import { CA_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { SoftKeys } from '../../support/soft-keys.ts';

function opened() {
  const keys = new SoftKeys();
  let drawn = 0;
  const service = {
    exchange: new MemoryStore(),
    authority: new MemoryStore(),
    keys,
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

it('one key named for two CAs is refused, and nothing is written', async () => {
  const { keys, service, create } = opened();
  const { keyId } = await keys.ensure('mine', 'ca', 'ECC_NIST_P256');
  await expect(create('fleet', { ca: keyId, 'etcd-ca': keyId })).rejects.toMatchObject({
    code: 'request-malformed',
  });
  expect(service.authority.objects.size).toBe(0);
});

it('of trust domains that name the same key at once, one has it', async () => {
  const { keys, create } = opened();
  const { keyId } = await keys.ensure('mine', 'ca', 'ECC_NIST_P256');
  const calls = [
    create('a', { ca: keyId }),
    create('b', { ca: keyId }),
    create('c', { 'etcd-ca': keyId }),
  ];
  const done = await Promise.allSettled(calls);
  expect(done.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
});

it('racing calls for one trust domain that name its key differently never share a key', async () => {
  const { keys, service, create } = opened();
  const { keyId } = await keys.ensure('mine', 'ca', 'ECC_NIST_P256');
  await Promise.allSettled([create('fleet', { ca: keyId }), create('fleet', { 'etcd-ca': keyId })]);
  const document = service.authority.json('trust/fleet.json') as
    | { cas: Record<string, { versions: { keyId: string }[] }> }
    | undefined;
  const used = Object.values(document?.cas ?? {}).flatMap(({ versions }) =>
    versions.map((v) => v.keyId),
  );
  expect(new Set(used).size).toBe(used.length);
});

it('a call that was cut off can be made again, and keeps its keys', async () => {
  for (let point = 1; point <= 40; point++) {
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
    ).toHaveLength(3);
  }
});
