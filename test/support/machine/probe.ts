/** Tries, as root and with the hardening of a unit, what a renewal must be able to do, and what no unit must be able to do. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';

const tried = (what: () => void): string => {
  try {
    what();
    return 'done';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'refused';
  }
};
const write = (file: string) => () => {
  writeFileSync(file, 'x');
  rmSync(file);
};
const command =
  (...words: [string, ...string[]]) =>
  () => {
    const [program, ...args] = words;
    execFileSync(program, args, { stdio: 'ignore' });
  };

const results = {
  certificates: tried(write('/etc/kubernetes/pki/probe')),
  manifests: tried(write('/etc/kubernetes/manifests/.probe')),
  kubelet: tried(write('/var/lib/kubelet/pki/probe')),
  // kube-scheduler runs as nobody on this machine
  others: tried(() => {
    const owners = readdirSync('/proc').map((name) => statSync(`/proc/${name}`).uid);
    if (!owners.includes(65534)) throw new Error('not visible');
  }),
  systemd: tried(command('systemctl', 'show', 'kubelet')),
  temporary: tried(write('/tmp/probe')),
  programs: tried(write('/usr/bin/probe')),
  passwords: tried(() => writeFileSync('/etc/passwd', 'x', { flag: 'a' })),
  units: tried(() => mkdirSync('/etc/systemd/system/probe.service.d')),
  home: tried(write('/root/probe')),
  devices: tried(() => readFileSync('/dev/trial')),
  namespaces: tried(command('unshare', '--mount', 'true')),
};
console.log(`probe: ${JSON.stringify(results)}`);
