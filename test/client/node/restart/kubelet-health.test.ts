/** The kubelet's health comes from the endpoint in its configuration, and always from systemd, too. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubeletHealthUrl } from '../../../../client/node/restart/kubelet-health.ts';
import { restartStep } from '../../../../client/node/restart/restart.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cakeless-kubelet-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const config = (text: string) => {
  writeFileSync(join(folder, 'config.yaml'), `kind: KubeletConfiguration\n${text}\n`);
  return join(folder, 'config.yaml');
};

it.each([
  ['no setting', '', 'http://127.0.0.1:10248/healthz'],
  ['a port', 'healthzPort: 20248', 'http://127.0.0.1:20248/healthz'],
  ['an address', 'healthzBindAddress: 10.0.0.7', 'http://10.0.0.7:10248/healthz'],
  ['all addresses', 'healthzBindAddress: 0.0.0.0', 'http://127.0.0.1:10248/healthz'],
  ['an IPv6 address', 'healthzBindAddress: "fd00::7"', 'http://[fd00::7]:10248/healthz'],
  ['port 0, which turns it off', 'healthzPort: 0', undefined],
  ['invalid YAML', '\t{', 'http://127.0.0.1:10248/healthz'],
])('finds the endpoint for a configuration with %s', (_, text, url) => {
  expect(kubeletHealthUrl(config(text))).toBe(url);
});

it("uses kubeadm's default without a configuration", () => {
  expect(kubeletHealthUrl(join(folder, 'none'))).toBe('http://127.0.0.1:10248/healthz');
});

describe('after a restart', () => {
  const calls: string[] = [];
  const restart = async (text: string, isActive: (check: number) => boolean) => {
    calls.length = 0;
    let passed = 0;
    const systemctl = async (...args: string[]) => {
      const count = calls.push(args.join(' '));
      if (args[0] === 'is-active' && !isActive(count - 1)) throw new Error('it is not active');
    };
    const deps = {
      folders: { kubeconfigDir: folder, certDir: folder },
      kubeletConfig: config(text),
      stateDir: join(folder, 'cakeless'),
      terminal: { print: () => undefined, progress: () => undefined },
      timeoutSeconds: 10,
      clock: {
        now: () => new Date(),
        monotonic: () => passed,
        sleep: async (ms: number) => {
          passed += ms;
        },
      },
      systemd: { isRunning: () => true, systemctl },
      // a kubelet may run on this machine
      proc: join(folder, 'proc'),
    };
    const options = { beforeEach: async () => undefined, continuesWithout: () => false };
    const [result] = await restartStep(['kubelet'], deps, options);
    return result;
  };

  it('its own health port is checked', async () => {
    let asked = 0;
    const server = createServer((_, response) => {
      asked += 1;
      response.end('ok');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const result = await restart(`healthzPort: ${port}`, () => true);
    server.close();
    expect([result, asked]).toEqual([{ component: 'kubelet', state: 'restarted' }, 5]);
  });

  it('a kubelet without a health port must be active in several consecutive checks', async () => {
    const active = { component: 'kubelet', state: 'restarted' };
    expect(await restart('healthzPort: 0', (check) => check !== 3)).toEqual(active);
    expect(calls).toEqual(['restart kubelet', ...Array(8).fill('is-active --quiet kubelet')]);
    expect(await restart('healthzPort: 0', (check) => check % 4 !== 0)).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/within 10 seconds: it (is not|has)/),
    });
  });
});
