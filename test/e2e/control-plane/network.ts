/**
 * The network of the test: a bridge with the endpoint's address, and nodes that each have a loopback interface, an eth0, a
 * host name, processes and an /etc/kubernetes. A node exists as long as the process that holds its namespaces, and all
 * programs on it end with that process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Host } from '../harness/namespaces.ts';
import { mustRun } from '../harness/program.ts';

const BRIDGE = 'br0';
/** The test itself: its servers, and the load balancer of the API servers. */
export const TEST_ADDRESS = '10.20.0.1';
export const ENDPOINT_ADDRESS = '10.20.0.10';
export const ENDPOINT_NAME = 'api.prod.example.com';
export const DOMAIN = 'prod.example.com';

export interface NodeAddress {
  readonly name: string;
  readonly address: string;
}

export const NODES: readonly NodeAddress[] = [1, 2, 3].map((number) => ({
  name: `cp-${number}.${DOMAIN}`,
  address: `10.20.0.1${number}`,
}));

export const HOSTS: readonly Host[] = [
  ...NODES,
  { name: ENDPOINT_NAME, address: ENDPOINT_ADDRESS },
];

/** @param addresses at which nodes reach the servers and load balancers of the test */
export async function makeBridge(addresses: readonly string[]): Promise<void> {
  await mustRun(['ip', 'link', 'add', BRIDGE, 'type', 'bridge']);
  for (const address of addresses)
    await mustRun(['ip', 'addr', 'add', `${address}/24`, 'dev', BRIDGE]);
  await mustRun(['ip', 'link', 'set', BRIDGE, 'up']);
}

/** The namespaces of one node. */
export class NodeSpace {
  readonly #holder: ChildProcess;
  readonly #port: string;

  private constructor(holder: ChildProcess, port: string) {
    this.#holder = holder;
    this.#port = port;
  }

  /** @param kubernetesDir what the node sees as /etc/kubernetes */
  static async make(at: NodeAddress, kubernetesDir: string): Promise<NodeSpace> {
    const { name } = at;
    // a systemd that runs on this machine must not be visible on the node: cakeless would restart the kubelet with it
    const script = `mount --bind "$1" /etc/kubernetes && hostname "$2" &&
      { ! test -d /run/systemd || mount -t tmpfs tmpfs /run/systemd; } && echo ready && exec sleep infinity`;
    const processes = ['--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc'];
    const namespaces = ['--net', '--mount', '--uts', ...processes];
    const args = [...namespaces, 'sh', '-c', script, 'sh', kubernetesDir, name];
    const holder = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((ready, failed) => {
      holder.stdout.once('data', () => ready());
      holder.once('close', () =>
        failed(new Error(`the namespaces of ${name} could not be created`)),
      );
    });
    const port = `v-${name.split('.')[0]}`;
    const space = new NodeSpace(holder, port);
    await connectToBridge(at, port, String(holder.pid), (command) => space.inside(command));
    return space;
  }

  /** The command line that runs a command on the node. */
  inside(command: readonly string[]): string[] {
    const { pid } = this.#holder;
    // the holder created the process namespace for its child, and is not in it itself
    const processes = `--pid=/proc/${pid}/ns/pid_for_children`;
    return ['nsenter', '-t', String(pid), '-n', '-m', '-u', processes, '--', ...command];
  }

  /** The kernel removes the network later, but the next node of this name needs the port at once. */
  async end(): Promise<void> {
    await mustRun(['ip', 'link', 'del', this.#port]);
    this.#holder.kill('SIGKILL');
  }
}

/**
 * Creates an eth0 with the node's address, connected to the bridge.
 * @param port its name at the bridge @param pid a process in the node's network namespace
 */
export async function connectToBridge(
  { address }: NodeAddress,
  port: string,
  pid: string,
  inside: (command: readonly string[]) => string[],
): Promise<void> {
  const peer = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', pid];
  await mustRun(['ip', 'link', 'add', port, ...peer]);
  await mustRun(['ip', 'link', 'set', port, 'master', BRIDGE, 'up']);
  for (const command of [
    'link set lo up',
    `addr add ${address}/24 dev eth0`,
    'link set eth0 up',
    `route add default via ${TEST_ADDRESS}`,
  ])
    await mustRun(inside(['ip', ...command.split(' ')]));
}
