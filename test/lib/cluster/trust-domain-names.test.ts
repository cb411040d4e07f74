/** Reading what all clusters of a trust domain declare: each record once, and none is ignored. */
import { findName } from '../../../lib/cluster/cluster-names.ts';
import { readTrustDomainNames } from '../../../lib/cluster/trust-domain-names.ts';
import { SharedDeclarations } from '../../../lib/issuance/grounds.ts';
import { recordDocument } from '../../support/csr-builder-cluster.ts';
import { MemoryStore } from '../../support/memory-store.ts';

function fleet(...clusters: [cluster: string, changes?: object][]) {
  const authority = new MemoryStore();
  const declare = (cluster: string, changes: object = {}) =>
    authority.seed(
      `clusters/${cluster}.json`,
      JSON.stringify({ ...recordDocument, cluster, ...changes }),
    );
  for (const [cluster, changes] of clusters) declare(cluster, changes);
  const read = async (trustDomain = 'prod') => {
    authority.calls.length = 0;
    const { clusters: found } = await readTrustDomainNames(authority, trustDomain);
    return found.map(({ cluster }) => cluster);
  };
  const calls = () => authority.calls.map(({ call, key }) => `${call} ${key}`).sort();
  return { authority, declare, read, calls };
}

it('reads the records of the trust domain, sorted by cluster', async () => {
  const { read } = fleet(['b'], ['a'], ['elsewhere', { trustDomain: 'test' }]);
  expect(await read()).toEqual(['a', 'b']);
  expect(await read('test')).toEqual(['elsewhere']);
  expect(await read('none')).toEqual([]);
});

it('lists each time, and reads a record again only after it has changed', async () => {
  const { declare, read, calls } = fleet(['a'], ['b'], ['elsewhere', { trustDomain: 'test' }]);
  await read();
  expect(calls()).toHaveLength(4);
  await read();
  expect(calls()).toEqual(['list clusters/']);
  declare('b', { controlPlaneEndpoint: 'new.example.com' });
  await read();
  expect(calls()).toEqual(['get clusters/b.json', 'list clusters/']);
});

it('sees a changed record', async () => {
  const { authority, declare, read } = fleet(['a']);
  await read();
  declare('a', { controlPlaneEndpoint: 'new.example.com' });
  const [names] = (await readTrustDomainNames(authority, 'prod')).clusters;
  expect(names && findName(names.servers, 'new.example.com')).toBe('controlPlaneEndpoint');
});

it('follows a cluster that moves between trust domains, or is deleted', async () => {
  const { authority, declare, read } = fleet(['a'], ['b']);
  await read();
  declare('b', { trustDomain: 'test' });
  expect(await read()).toEqual(['a']);
  expect(await read('test')).toEqual(['b']);
  declare('b');
  expect(await read()).toEqual(['a', 'b']);
  authority.objects.delete('clusters/b.json');
  expect(await read()).toEqual(['a']);
});

it.each<[what: string, text: string]>([
  ['is not JSON', '{'],
  ['names no trust domain', '{"cluster": "broken"}'],
  ['is of the trust domain and not valid', '{"cluster": "broken", "trustDomain": "prod"}'],
  ['is the record of another cluster', JSON.stringify({ ...recordDocument, cluster: 'x' })],
])('a record that %s is a fault', async (_, text) => {
  const { authority, read } = fleet(['a']);
  authority.seed('clusters/broken.json', text);
  await expect(read()).rejects.toMatchObject({ code: 'document-malformed' });
});

it('a record that is not valid does not matter if it names another trust domain', async () => {
  const { authority, read } = fleet(['a']);
  authority.seed('clusters/broken.json', '{"cluster": "broken", "trustDomain": "test"}');
  expect(await read()).toEqual(['a']);
});

it('an object that is no record is not read', async () => {
  const { authority, read } = fleet(['a']);
  authority.seed('clusters/notes.txt', 'hello');
  expect(await read()).toEqual(['a']);
});

it('reads few records at the same time', async () => {
  const many = Array.from({ length: 50 }, (_, i): [string] => [`c-${i}`]);
  const { authority, read } = fleet(...many);
  let running = 0;
  let most = 0;
  const get = authority.get.bind(authority);
  authority.get = async (...call) => {
    running += 1;
    most = Math.max(most, running);
    const object = await get(...call);
    running -= 1;
    return object;
  };
  expect(await read()).toHaveLength(50);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(8);
});

it('is read once for a batch of requests', async () => {
  const { authority, calls } = fleet(['a']);
  const shared = new SharedDeclarations(authority);
  authority.calls.length = 0;
  await Promise.all([shared.trustDomainNames('prod'), shared.trustDomainNames('prod')]);
  await shared.trustDomainNames('prod');
  expect(calls()).toEqual(['get clusters/a.json', 'list clusters/']);
});
