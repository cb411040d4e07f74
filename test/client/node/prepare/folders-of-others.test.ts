/** A new node whose pki/etcd belongs to etcd from the start, and what etcd can plant there. */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { EXIT } from '../../../../client/exit-codes.ts';
import { useFleet } from '../../../support/fleet.ts';
import { giveAway, itAsRoot, OTHER_USER } from '../../../support/other-user.ts';

const fleet = useFleet();

async function nodeOfEtcd() {
  const node = await fleet.newNode();
  mkdirSync(node.at('pki/etcd'), { recursive: true });
  giveAway(node.at('pki/etcd'));
  writeFileSync(node.at('victim'), 'of root', { mode: 0o600 });
  return node;
}

itAsRoot('etcd gets its files, with its folder as their owner', async () => {
  const node = await nodeOfEtcd();
  const { exitCode, result } = await node.prepareWhole();
  expect([exitCode, result.preflightProblems]).toEqual([EXIT.done, []]);
  const files = readdirSync(node.at('pki/etcd'));
  expect(files).toContain('server.key');
  const owners = files.map((name) => statSync(node.at('pki/etcd', name)).uid);
  expect(new Set(owners)).toEqual(new Set([OTHER_USER]));
  expect(statSync(node.at('pki/etcd/server.key')).mode & 0o777).toBe(0o600);
  expect(statSync(node.at('pki/apiserver.key')).uid).toBe(0);
});

for (const name of ['server.key', 'server.csr', 'ca.crt'])
  itAsRoot(`a link to a file of root where ${name} should be is refused`, async () => {
    const node = await nodeOfEtcd();
    symlinkSync('../../victim', node.at('pki/etcd', name));
    await expect(node.prepareWhole()).rejects.toThrow(/pki\/etcd|server\.key/);
    expect(readFileSync(node.at('victim'), 'utf8')).toBe('of root');
    expect(statSync(node.at('victim')).uid).toBe(0);
  });

itAsRoot('a pki of another user is refused before anything is created', async () => {
  const node = await fleet.newNode();
  mkdirSync(node.at('pki'));
  giveAway(node.at('pki'));
  await expect(node.prepare()).rejects.toThrow(
    `users other than root can change ${node.at('pki')}`,
  );
  expect(readdirSync(node.at('pki'))).toEqual([]);
});
