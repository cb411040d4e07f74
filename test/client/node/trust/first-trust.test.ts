/** Which CA certificates of the bucket a new node trusts, and why. first-trust.slow.test.ts has the rarer cases. */
import { existsSync, readFileSync } from 'node:fs';
import { EXIT } from '../../../../client/exit-codes.ts';
import { formatCaCertHash } from '../../../../client/node/trust/ca-cert-hash.ts';
import { snapshot, useFleet } from '../../../support/fleet.ts';
import { firstTrustOf, KUBELET_CA } from './first-trust.ts';

const fleet = useFleet();
const newNode = fleet.newNode;
const { hashes, noTrust, swapped, published, ofOthers } = firstTrustOf(fleet);

describe('first trust', () => {
  it('without a pin no CA is written, and the received hashes are shown', async () => {
    const node = await newNode();
    const { exitCode, result } = await node.prepare(noTrust);
    expect(exitCode).toBe(EXIT.checkFailed);
    expect(result.trustProblems).toHaveLength(3);
    expect(result.trustProblems.join()).toContain((await hashes())['ca.crt']);
    const files = Object.keys(snapshot(node.folder));
    expect(files.filter((file) => file.endsWith('.crt'))).toEqual([]);
    const { text } = await node.prepare({ ...noTrust, output: 'text' });
    expect(text).not.toMatch(/its CA is not trusted|run the same command/);
    expect(text).toMatch(
      /--trust-on-first-use\nfind out which CAs are the right ones \(operators: cakeless trust-domain show NAME\), then run the command/,
    );
  });

  it('hashes of all three CAs pin them', async () => {
    const known = await hashes();
    const node = await newNode();
    const caCertHash = [
      known['ca.crt'] ?? '',
      `etcd-ca=${known['etcd/ca.crt']}`,
      `front-proxy-ca=${known['front-proxy-ca.crt']}`,
    ];
    const { result } = await node.prepare({ ...noTrust, caCertHash });
    expect(result.trustProblems).toEqual([]);
    expect(result.trust.map(({ trustedBy }) => trustedBy)).toEqual(['hash', 'hash', 'hash']);
    const again = await node.prepare(noTrust);
    expect(again.result.trust.map(({ trustedBy }) => trustedBy)).toEqual(Array(3).fill('disk'));
  });

  it('a wrong hash is refused even with trust on first use, and nothing is written', async () => {
    const node = await newNode();
    const caCertHash = [`sha256:${'0'.repeat(64)}`];
    const { exitCode, result } = await node.prepare({ caCertHash });
    expect(exitCode).toBe(EXIT.checkFailed);
    expect(result.trustProblems.join()).toMatch(/public key of ca .* is not the pinned one/);
    expect(existsSync(node.at('pki/ca.crt'))).toBe(false);
    expect(existsSync(node.at('pki/etcd/ca.crt'))).toBe(false);
    expect(existsSync(node.at('pki/apiserver.crt'))).toBe(false);
  });

  it('a CA is written only if it signed a certificate, whatever the reason to trust it', async () => {
    const node = await newNode();
    const bad = await node.prepare({}, swapped);
    expect(bad.exitCode).toBe(EXIT.checkFailed);
    const states = bad.result.certificates.map(({ name, state }) => [state, name]);
    expect(states).toContainEqual(['check-failed', 'apiserver']);
    expect(bad.result.trust.map(({ ca }) => ca)).toEqual(['front-proxy-ca']);
    for (const path of ['pki/ca.crt', 'pki/etcd/ca.crt', 'pki/apiserver.crt'])
      expect(existsSync(node.at(path))).toBe(false);
    expect((await node.prepareWhole()).exitCode).toBe(EXIT.done);
  });

  describe('kubelet-ca', () => {
    it('is written if its hash vouches for it, although no certificate of the node chains to it', async () => {
      const node = await newNode();
      const caCertHash = [...(await ofOthers()), formatCaCertHash('kubelet-ca', await published())];
      const { result } = await node.prepare({ ...noTrust, caCertHash });
      expect([result.trustProblems, result.trustNotes]).toEqual([[], []]);
      expect(result.trust.map(({ ca }) => ca)).toContain('kubelet-ca');
      expect(readFileSync(node.at(KUBELET_CA), 'utf8')).toBe(await published());
    });

    it('is left out with a note, and everything else is written, if nothing vouches for it', async () => {
      const node = await newNode();
      const { result, text } = await node.prepare({
        ...noTrust,
        caCertHash: await ofOthers(),
        output: 'text',
      });
      expect(existsSync(node.at('pki/apiserver.crt'))).toBe(true);
      expect(existsSync(node.at(KUBELET_CA))).toBe(false);
      expect(text ?? result).toMatch(
        /kubelet-ca\.crt was not written: nothing vouches for the service's kubelet-ca/,
      );
    });
  });
});
