/** As first-trust.test.ts: files of CA certificates, later runs, and when kubelet-ca is missing, wrong or required. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { EXIT } from '../../../../client/exit-codes.ts';
import { formatCaCertHash } from '../../../../client/node/trust/ca-cert-hash.ts';
import { Fault } from '../../../../lib/fault.ts';
import type { ObjectStore } from '../../../../lib/store/object-store.ts';
import { bound, useFleet } from '../../../support/fleet.ts';
import { BUNDLES, firstTrustOf, KUBELET_CA } from './first-trust.ts';

const fleet = useFleet();
const newNode = fleet.newNode;
const { hashes, noTrust, swapped, published, ofOthers, publishing } = firstTrustOf(fleet);

describe('first trust', () => {
  it('a hash of one CA does not count for another', async () => {
    const known = await hashes();
    const node = await newNode();
    const caCertHash = [known['ca.crt'] ?? '', `etcd-ca=${known['ca.crt']}`];
    const { exitCode, result } = await node.prepare({ caCertHash });
    expect(exitCode).toBe(EXIT.checkFailed);
    expect(result.trustProblems.join()).toMatch(/public key of etcd-ca .* is not the pinned one/);
  });

  it('a wrong hash refuses a CA that was trusted on first use earlier', async () => {
    const node = await newNode();
    await node.prepareWhole();
    const caCertHash = [`sha256:${'0'.repeat(64)}`];
    const whole = await node.prepare({ caCertHash });
    expect([whole.exitCode, whole.result.next]).toEqual([EXIT.checkFailed, undefined]);
    rmSync(node.at('pki/apiserver.crt'));
    const { exitCode, result } = await node.prepare({ caCertHash });
    expect(exitCode).toBe(EXIT.checkFailed);
    expect(result.trustProblems.join()).toMatch(/public key of ca .* is not the pinned one/);
    expect(existsSync(node.at('pki/apiserver.crt'))).toBe(false);
  });

  it('a file with the CA certificates pins them; a file without them does not', async () => {
    const node = await newNode();
    const file = node.at('trust.pem');
    const texts = await Promise.all(
      BUNDLES.map((p) => fleet.service.text('exchange', `trust/fleet/${p}`)),
    );
    writeFileSync(file, texts[0] ?? '');
    const bad = await node.prepare({ ...noTrust, trustBundle: file });
    expect(bad.exitCode).toBe(EXIT.checkFailed);
    expect(bad.result.trustProblems).toHaveLength(2);
    writeFileSync(file, texts.join(''));
    const good = await node.prepare({ ...noTrust, trustBundle: file });
    expect(good.result.trust.map(({ trustedBy }) => trustedBy)).toEqual(
      Array(3).fill('trust-bundle'),
    );
  });

  it('a file with all CA certificates pins each one as the CA that it is', async () => {
    const node = await newNode();
    const file = node.at('trust.pem');
    const texts = BUNDLES.map((path) => fleet.service.text('exchange', `trust/fleet/${path}`));
    writeFileSync(file, (await Promise.all(texts)).join(''));
    const bad = await node.prepare({ ...noTrust, trustBundle: file }, swapped);
    expect(bad.exitCode).toBe(EXIT.checkFailed);
    expect(bad.result.trustProblems.join()).toMatch(
      /ca \(sha256:\S+\) is etcd-ca in the given trust/,
    );
    expect(existsSync(node.at('pki/ca.crt'))).toBe(false);
    const good = await node.prepare({ ...noTrust, trustBundle: file });
    expect(good.result.trustProblems).toEqual([]);
    expect((await node.prepareWhole({ ...noTrust, trustBundle: file })).exitCode).toBe(EXIT.done);
  });

  it('CA certificates on disk are trusted, and not overwritten by others', async () => {
    const node = await newNode();
    mkdirSync(node.at('pki'), { recursive: true });
    const ca = (await fleet.service.text('exchange', 'trust/fleet/etcd/ca.crt')) ?? '';
    writeFileSync(node.at('pki/ca.crt'), ca);
    const { exitCode, result } = await node.prepare();
    expect(exitCode).toBe(EXIT.checkFailed);
    expect(result.trustProblems.join()).toMatch(
      /of ca on disk differ from those that the service publishes/,
    );
    expect(readFileSync(node.at('pki/ca.crt'), 'utf8')).toBe(ca);
  });

  describe('kubelet-ca', () => {
    it('is left out without a word if the trust domain does not have it', async () => {
      const node = await newNode();
      const { result } = await node.prepare(
        {},
        publishing(async () => undefined),
      );
      expect([result.trustProblems, result.trustNotes]).toEqual([[], []]);
      expect(existsSync(node.at('pki/apiserver.crt'))).toBe(true);
      expect(existsSync(node.at(KUBELET_CA))).toBe(false);
    });

    it('is an error if it is pinned, and the service has none or another', async () => {
      const node = await newNode();
      const caCertHash = [`kubelet-ca=sha256:${'0'.repeat(64)}`];
      const absent = await node.prepare(
        { caCertHash },
        publishing(async () => undefined),
      );
      expect(absent.result.trustProblems.join()).toMatch(/kubelet-ca.crt does not exist/);
      const other = await node.prepare({ caCertHash });
      expect(other.result.trustProblems.join()).toMatch(/kubelet-ca .* is not the pinned one/);
      expect(existsSync(node.at('pki/ca.crt'))).toBe(false);
    });

    it('is refused if the bucket has another CA in its place, even on first use', async () => {
      const node = await newNode();
      const ofEtcd = publishing(async () =>
        fleet.service.text('exchange', 'trust/fleet/etcd/ca.crt'),
      );
      const { exitCode, result } = await node.prepare({}, ofEtcd);
      expect(exitCode).toBe(EXIT.checkFailed);
      expect(result.trustProblems.join()).toMatch(/kubelet-ca \(.*\) has the name of etcd-ca/);
      expect(existsSync(node.at(KUBELET_CA))).toBe(false);
    });

    it('is written by a later run that receives no certificate, once something vouches for it', async () => {
      const node = await newNode();
      const caCertHash = await ofOthers();
      await node.prepareWhole({ ...noTrust, caCertHash });
      const without = await node.prepare(noTrust);
      expect(without.result.trustNotes.join()).toMatch(/nothing vouches for the service's kubelet/);
      expect([without.exitCode, existsSync(node.at(KUBELET_CA))]).toEqual([EXIT.done, false]);
      const pinned = [formatCaCertHash('kubelet-ca', await published())];
      const { exitCode, result } = await node.prepare({ ...noTrust, caCertHash: pinned });
      expect([exitCode, result.trustProblems]).toEqual([EXIT.done, []]);
      expect(result.trust.map(({ ca, trustedBy }) => [ca, trustedBy])).toContainEqual([
        'kubelet-ca',
        'hash',
      ]);
      expect(readFileSync(node.at(KUBELET_CA), 'utf8')).toBe(await published());
    });

    it('does not stop a later run if the bucket cannot be read, unless a hash of it is given', async () => {
      const node = await newNode();
      await node.prepareWhole({ ...noTrust, caCertHash: await ofOthers() });
      const unreachable = (exchange: ObjectStore): ObjectStore => ({
        ...bound(exchange),
        // biome-ignore lint/correctness/useYield: it fails before the first key
        list: async function* () {
          throw new Fault('unavailable', 'no route to host');
        },
      });
      const { exitCode, result } = await node.prepare(noTrust, unreachable);
      expect(exitCode).toBe(EXIT.done);
      expect(result.trustNotes.join()).toMatch(/kubelet-ca.crt was not written: no route to host/);
      const caCertHash = [formatCaCertHash('kubelet-ca', await published())];
      await expect(node.prepare({ ...noTrust, caCertHash }, unreachable)).rejects.toThrow(
        'no route to host',
      );
    });

    describe('named by apiServer.extraArgs', () => {
      const naming = async () => {
        const node = await newNode();
        const config = node.at('config.yaml');
        const flag = { name: 'kubelet-certificate-authority', value: node.at(KUBELET_CA) };
        const documents = readFileSync(config, 'utf8')
          .split(/^---$/m)
          .map((text) => parse(text));
        for (const document of documents)
          if (document.kind === 'ClusterConfiguration') {
            document.certificatesDir = node.at('pki');
            document.apiServer = { ...document.apiServer, extraArgs: [flag] };
          }
        writeFileSync(config, documents.map((document) => stringify(document)).join('---\n'));
        return node;
      };
      const names = /names \S+kubelet-ca.crt as kubelet-certificate-authority .* does not start/;

      it.each([
        ['the trust domain does not have it', /kubelet-ca.crt does not exist: /],
        ['nothing vouches for it', /nothing vouches for the service's kubelet-ca/],
      ])('if %s, no certificate is written', async (how, reason) => {
        const node = await naming();
        const isAbsent = how.startsWith('the trust');
        const absent = publishing(async () => undefined);
        const options = { ...noTrust, caCertHash: await ofOthers() };
        const { exitCode, result } = await node.prepare(options, isAbsent ? absent : undefined);
        expect(exitCode).toBe(EXIT.checkFailed);
        expect(result.trustProblems.join()).toMatch(reason);
        expect(result.trustProblems.join()).toMatch(names);
        expect(result.preflightProblems).toContainEqual({
          file: node.at(KUBELET_CA),
          problem: expect.stringContaining('apiServer.extraArgs: kubelet-certificate-authority'),
        });
        for (const path of ['pki/ca.crt', 'pki/apiserver.crt', KUBELET_CA])
          expect(existsSync(node.at(path))).toBe(false);
      });

      it('it is written with the others', async () => {
        const node = await naming();
        const { exitCode, result } = await node.prepareWhole();
        expect([exitCode, result.preflightProblems]).toEqual([EXIT.done, []]);
        expect(readFileSync(node.at(KUBELET_CA), 'utf8')).toBe(await published());
      });
    });

    it('may be missing in a file of CA certificates that is older than it', async () => {
      const node = await newNode();
      const file = node.at('trust.pem');
      const three = BUNDLES.map((path) => fleet.service.text('exchange', `trust/fleet/${path}`));
      writeFileSync(file, (await Promise.all(three)).join(''));
      const { result } = await node.prepare({ ...noTrust, trustBundle: file });
      expect(result.trustProblems).toEqual([]);
      expect(result.trustNotes.join()).toMatch(/nothing vouches for the service's kubelet-ca/);
    });
  });
});

describe('first trust', () => {
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
  });
});
