/** cloud-init, shellcheck and ansible-lint check the examples, and the role runs twice on this machine. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { writtenFiles } from '../support/cloud-init.ts';
import { toolsFolder } from '../support/judges-programs.ts';

const tools = join(toolsFolder(), 'examples');
const installed = existsSync(join(tools, 'cloud-init'));
if (!installed && process.env.CAKELESS_REQUIRE_JUDGES === '1')
  throw new Error('CAKELESS_REQUIRE_JUDGES=1, but no judges: run test/tools/install.sh examples');
const judged = installed ? it : it.skip;

const USER_DATA = resolve('examples/cloud-init/first-control-plane.yaml');
const PLAYBOOK = resolve('examples/ansible');

function run(program: string, args: readonly string[], cwd = process.cwd()) {
  const home = mkdtempSync(join(tmpdir(), 'cakeless-judges-'));
  const env = {
    PATH: `${join(tools, 'bin')}:/usr/bin:/bin`,
    HOME: home,
    LC_ALL: 'C.UTF-8',
    PYTHONPATH: program === 'python3' ? join(tools, 'cloud-init') : '',
    ANSIBLE_ROLES_PATH: join(PLAYBOOK, 'roles'),
  };
  const { status, stdout, stderr } = spawnSync(join(tools, 'bin', program), args, {
    cwd,
    env,
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

judged('the user data is valid for cloud-init', () => {
  const { status, output } = run('python3', [
    '-m',
    'cloudinit.cmd.main',
    'schema',
    '-c',
    USER_DATA,
  ]);
  expect([status, output]).toEqual([0, expect.stringContaining('Valid')]);
});

judged('shellcheck finds nothing in the script of the user data', () => {
  const script = join(mkdtempSync(join(tmpdir(), 'cakeless-judges-')), 'script');
  writeFileSync(script, writtenFiles(USER_DATA)['/usr/local/sbin/first-control-plane'] ?? '');
  expect(run('shellcheck', [script])).toEqual({ status: 0, output: '' });
});

judged('ansible-lint finds nothing, and ansible-playbook accepts playbook and inventory', () => {
  const syntax = run(
    'ansible-playbook',
    ['-i', 'inventory.yml', '--syntax-check', 'playbook.yml'],
    PLAYBOOK,
  );
  expect([syntax.status, syntax.output]).toEqual([0, expect.stringContaining('playbook.yml')]);
  const lint = run('ansible-lint', ['--offline', 'playbook.yml', 'roles'], PLAYBOOK);
  expect([lint.status, lint.output]).toEqual([0, expect.stringContaining('0 failure(s)')]);
});

describe('the role, run on this machine with a folder instead of the root', () => {
  const root = mkdtempSync(join(tmpdir(), 'cakeless-ansible-'));
  const at = (path: string) => join(root, path);

  /** Does what the role looks at afterwards: kubeadm would configure the kubelet, install-timer writes the units. */
  const PROGRAM = `echo "$*" >> ${at('log')}
case $1 in
  prepare) touch ${at('kubelet/config.yaml')} ;;
  install-timer) touch ${at('units/cakeless-renew.timer')} ;;
  install-csrsigning) touch ${at('units/cakeless-csrsigning.service')} ;;
esac
`;

  function play() {
    const variables = {
      cakeless_cluster: 'prod',
      cakeless_node: 'cp-1.prod.example.com',
      cakeless_exchange_bucket: 'exchange',
      cakeless_region: 'eu-central-1',
      cakeless_csrsigning: true,
      cakeless_kubeadm_config: at('first.yaml'),
      cakeless_ca_cert_hashes: ['sha256:1', 'etcd-ca=sha256:2'],
      cakeless_program: '/bin/bash',
      cakeless_kubernetes_dir: at('kubernetes'),
      cakeless_kubelet_dir: at('kubelet'),
      cakeless_unit_dir: at('units'),
    };
    const inventory = at('inventory.yml');
    const host = {
      ansible_connection: 'local',
      ansible_python_interpreter: join(tools, 'bin', 'python3'),
    };
    writeFileSync(
      inventory,
      JSON.stringify({ all: { hosts: { node: { ...variables, ...host } } } }),
    );
    const playbook = at('playbook.yml');
    writeFileSync(
      playbook,
      JSON.stringify([{ hosts: 'all', gather_facts: false, roles: ['cakeless'] }]),
    );
    return run('ansible-playbook', ['-i', inventory, playbook], root);
  }

  judged(
    'gets certificates and installs the timer and the forwarder, and changes nothing when it runs again',
    () => {
      for (const folder of ['kubernetes', 'kubelet', 'units']) mkdirSync(at(folder));
      // "/bin/bash prepare …" runs the file of that name, so nothing has to be executable below the temporary folder
      for (const command of ['prepare', 'install-timer', 'install-csrsigning']) {
        writeFileSync(at(command), `set -- ${command} "$@"\n${PROGRAM}`);
        chmodSync(at(command), 0o644);
      }
      const first = play();
      expect(first.output).toMatch(/changed=4 .*failed=0/);
      expect(readFileSync(at('log'), 'utf8').trim().split('\n')).toEqual([
        `prepare --config ${at('first.yaml')} --node-config ${at('kubernetes/cakeless.yaml')} --wait 1h --csrsigning --ca-cert-hash sha256:1 --ca-cert-hash etcd-ca=sha256:2`,
        `install-timer --node-config ${at('kubernetes/cakeless.yaml')} --unit-dir ${at('units')}`,
        `install-csrsigning --unit-dir ${at('units')}`,
      ]);
      expect(parse(readFileSync(at('kubernetes/cakeless.yaml'), 'utf8'))).toEqual({
        cluster: 'prod',
        node: 'cp-1.prod.example.com',
        exchangeBucket: 'exchange',
        region: 'eu-central-1',
      });
      expect(play().output).toMatch(/changed=0 .*failed=0/);
    },
  );
});
