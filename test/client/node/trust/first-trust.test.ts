/** Which CA certificates of the bucket a new node trusts, and why. first-trust.slow.test.ts has the rarer cases. */
import { existsSync } from 'node:fs';
import { EXIT } from '../../../../client/exit-codes.ts';
import { snapshot, useFleet } from '../../../support/fleet.ts';
import { firstTrustOf, KUBELET_CA } from './first-trust.ts';

const fleet = useFleet();
const newNode = fleet.newNode;
const { hashes, noTrust, ofOthers } = firstTrustOf(fleet);

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

  describe('kubelet-ca', () => {
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
