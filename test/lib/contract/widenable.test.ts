/** What a reader does with documents that a later release wrote. */
import * as z from 'zod/mini';
import type { TrustDomainDocument } from '../../../lib/contract/trust-domain.ts';
import { widenable } from '../../../lib/contract/widenable.ts';
import { checkDocument } from '../../../lib/store/documents.ts';
import { writeApproval } from '../../support/approve.ts';
import { InMemoryService, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import { csrOf, kubeadmSet } from '../../support/kubeadm-sets.ts';

const schema = widenable({ name: z.string() });
const read = (value: object) => checkDocument(value, 'documents/one.json', schema);

it('ignores an unknown field that nothing requires it to understand', () => {
  expect(read({ name: 'x', color: 'red', mustUnderstand: ['name'] })).toEqual({
    name: 'x',
    mustUnderstand: ['name'],
  });
});

it('refuses an unknown field that must be understood, and names it', () => {
  expect(() =>
    read({ name: 'x', onlyUntil: '2027', mustUnderstand: ['name', 'onlyUntil'] }),
  ).toThrow(
    expect.objectContaining({
      code: 'document-malformed',
      message: expect.stringMatching(/^documents\/one\.json: mustUnderstand: .* onlyUntil/),
    }),
  );
});

it('refuses it even if the field itself is missing', () => {
  expect(() => read({ name: 'x', mustUnderstand: ['onlyUntil'] })).toThrow('onlyUntil');
});

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');

async function uploaded(name = 'apiserver') {
  const memory = await InMemoryService.open();
  const { node } = memory.declare(set);
  return { memory, key: memory.upload(node, csrOf(set, name)) };
}

describe('a trust domain that a later release wrote', () => {
  const places: [string, (document: TrustDomainDocument) => object][] = [
    ['the document', (document) => document],
    ['the list of CAs', ({ cas }) => cas],
    ['a CA', ({ cas }) => cas.ca],
    ['a version of a CA', ({ cas }) => cas.ca.versions[0] ?? {}],
  ];

  it.each(places)('still issues with an unknown field in %s', async (_, placeOf) => {
    const { memory, key } = await uploaded();
    const document = structuredClone(memory.document);
    Object.assign(placeOf(document), { origin: 'made' });
    memory.authority.seed(`trust/${TRUST_DOMAIN}.json`, JSON.stringify(document));
    expect((await memory.process(key)).outcome).toBe('issued');
  });

  it.each(places)('issues nothing if the field in %s is a limit', async (_, placeOf) => {
    const { memory, key } = await uploaded();
    const document = structuredClone(memory.document);
    Object.assign(placeOf(document), { onlyUntil: '2027', mustUnderstand: ['onlyUntil'] });
    memory.authority.seed(`trust/${TRUST_DOMAIN}.json`, JSON.stringify(document));
    await expect(memory.process(key)).rejects.toMatchObject({
      code: 'document-malformed',
      message: expect.stringContaining('the field onlyUntil'),
    });
    expect(memory.keys.signed).toEqual([]);
  });
});

it('an approval with a limit that the reader does not know approves nothing', async () => {
  const { memory, key } = await uploaded('super-admin.conf');
  await memory.process(key);
  writeApproval(memory, key);
  const [approvalKey = ''] = [...memory.authority.objects.keys()].filter((name) =>
    name.startsWith('approvals/requests/'),
  );
  const approval = { ...memory.authority.json(approvalKey), onlyUntil: '2027' };
  const limited = { ...approval, mustUnderstand: ['onlyUntil'] };
  memory.authority.seed(approvalKey, JSON.stringify(limited));
  expect((await memory.process(key)).outcome).toBe('pending');
  expect(memory.outcome(key).pending?.waitingFor).toContain('cannot be read');
  expect(memory.keys.signed).toEqual([]);
  memory.authority.seed(approvalKey, JSON.stringify(approval));
  expect((await memory.process(key)).outcome).toBe('issued');
});

it('a cluster record with an unknown field is refused', async () => {
  const { memory, key } = await uploaded();
  memory.declare(set, { maximumNodes: 3 });
  await expect(memory.process(key)).rejects.toThrow(/^clusters\/prod\.json: .*maximumNodes/);
});
