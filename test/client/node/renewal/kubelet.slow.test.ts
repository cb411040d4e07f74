/**
 * Which certificate a real kubelet uses after `cakeless renew`. It is started without a container runtime: it first loads
 * its client certificate and logs when that expires, and then exits because the runtime is missing.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KUBELET_PEM } from '../../../../client/node/disk/places.ts';
import { readKubeletConf } from '../../../support/kubelet-store.ts';
import { NodeFixture } from '../../../support/node-folder.ts';
import { runKubelet, whyNoKubeadm } from '../../../support/real-kubeadm.ts';

let fixture: NodeFixture;
beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterAll(() => fixture.close());

const CONFIG = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
rotateCertificates: true
failCgroupV1: false
containerRuntimeEndpoint: unix:///nonexistent/runtime.sock
`;

const STARTS = 20;

/**
 * What it logs about its client certificate. If it exits because of the missing runtime before it logs that, it is started
 * again, as systemd would.
 */
function startKubelet(version: string, folder: string): ReturnType<typeof startOnce> {
  for (let starts = 1; ; starts += 1) {
    const said = startOnce(version, folder);
    if (said.expiration !== undefined || starts === STARTS) return said;
  }
}

/** Starts the kubelet with the flags of kubeadm's unit. */
function startOnce(version: string, folder: string) {
  const config = join(folder, 'kubelet-config.yaml');
  writeFileSync(config, CONFIG);
  const { stderr } = runKubelet(
    version,
    ...['--kubeconfig', join(folder, 'kubelet.conf'), '--config', config, '-v', '4'],
    ...['--hostname-override', fixture.node],
    ...['--bootstrap-kubeconfig', join(folder, 'bootstrap-kubelet.conf')],
    ...['--cert-dir', join(folder, 'kubelet-pki'), '--root-dir', join(folder, 'kubelet-root')],
  );
  const [, expiration] =
    /rotation deadline determined.*? expiration="([^"]+) UTC"/.exec(stderr) ?? [];
  return { expiration: expiration === undefined ? undefined : Date.parse(expiration), stderr };
}

const endOf = (folder: string) => Date.parse(readKubeletConf(folder).place.leaf.validTo);

describe.each(['1.35.4', '1.37.2'])('kubelet %s', (version) => {
  const why = whyNoKubeadm(version, 'kubelet');
  if (why) return it.skip(why, () => undefined);

  it('copies the certificate of kubelet.conf, ignores a new one there, and uses the one that renew installs', async () => {
    const folder = fixture.copy();
    const kubeletDir = join(folder, 'kubelet-pki');
    startKubelet(version, folder); // on its first start it tries to rotate, and gets no certificate
    const first = startKubelet(version, folder);
    expect([first.expiration, first.stderr]).toEqual([endOf(fixture.template), expect.any(String)]);

    // kubelet.conf alone
    await fixture.run(folder, 'renew', 'kubelet.conf', '--no-restart');
    expect(endOf(folder)).toBeGreaterThan(endOf(fixture.template));
    expect(startKubelet(version, folder).expiration).toBe(endOf(fixture.template));

    const run = await fixture.run(
      folder,
      ...['renew', 'kubelet.conf', '--no-restart', '--kubelet-dir', kubeletDir],
    );
    expect([run.exitCode, run.stderr]).toEqual([0, expect.any(String)]);
    const { expiration, stderr } = startKubelet(version, folder);
    expect([expiration, stderr]).toEqual([endOf(folder), expect.any(String)]);
    expect(expiration).toBeGreaterThan(endOf(fixture.template));
    expect(stderr).toContain(join(kubeletDir, KUBELET_PEM));
  });
  return undefined;
});
