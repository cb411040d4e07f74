/** The life of a deployed service, step by step: deploy, test, update, delete. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ministack, startMinistack } from '../stand-in/ministack.ts';
import { Cdk } from './cdk.ts';
import { CHECKS } from './checks/all.ts';
import { CONFIG_FILE } from './config-file.ts';
import { Deployment } from './deployment.ts';
import {
  certificatesOf,
  outlived,
  type Snapshot,
  takeSnapshot,
  unchanged,
} from './retained-resources.ts';

export interface Step {
  readonly name: string;
  /** What is printed before it, if it waits for long. */
  readonly waiting?: string | undefined;
  run(trial: Trial): Promise<unknown>;
}

/** What the steps share. */
export class Trial {
  readonly ministack: Ministack;
  #cdk: Cdk | undefined;
  #deployment: Deployment | undefined;
  #before: Snapshot | undefined;

  private constructor(ministack: Ministack) {
    this.ministack = ministack;
  }

  static start = async (): Promise<Trial> => new Trial(await startMinistack());

  get deployment(): Deployment {
    return found(this.#deployment, 'the deployment');
  }

  async synthesize(configFile: string): Promise<void> {
    this.#cdk = await Cdk.synthesize(this.ministack, configFile);
  }

  bootstrap = (): Promise<void> => found(this.#cdk, 'the synthesized app').bootstrap();

  async deploy(): Promise<void> {
    const outputs = await found(this.#cdk, 'the synthesized app').deploy();
    this.#deployment ??= await Deployment.of(this.ministack, outputs);
    this.#deployment.outputs = outputs;
  }

  async update(): Promise<void> {
    this.#before = await takeSnapshot(this.deployment);
    const folder = await mkdtemp(join(tmpdir(), 'cakeless-config-'));
    const file = join(folder, 'cakeless.config.json');
    await writeFile(file, JSON.stringify(withOneMore()));
    await this.synthesize(file);
    await rm(folder, { recursive: true });
    await this.deploy();
    await unchanged(this.deployment, this.#before);
    await certificatesOf(this.deployment, 'third');
  }

  async destroy(): Promise<void> {
    this.#before = await takeSnapshot(this.deployment);
    await found(this.#cdk, 'the synthesized app').destroy();
    await outlived(this.deployment, this.#before);
  }
}

function withOneMore(): unknown {
  const config = JSON.parse(readFileSync(CONFIG_FILE, 'utf8'));
  config.trustDomains.unshift({ name: 'third' });
  config.clusters.unshift({ name: 'c', nodes: { assumedBy: ['account'] } });
  return config;
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is missing: an earlier step failed`);
  return value;
}

export const DEPLOYING: readonly Step[] = [
  {
    name: 'the app synthesizes',
    run: (trial) => trial.synthesize(CONFIG_FILE),
  },
  { name: 'cdk bootstrap', run: (trial) => trial.bootstrap() },
  { name: 'cdk deploy', run: (trial) => trial.deploy() },
];

export const TRYING: readonly Step[] = CHECKS.map(({ name, waiting, run }) => ({
  name,
  waiting,
  run: ({ deployment }) => run(deployment),
}));

export const CHANGING: readonly Step[] = [
  {
    name: 'a new trust domain and a new cluster change nothing that exists',
    run: (trial) => trial.update(),
  },
  {
    name: 'cdk destroy leaves keys, records and CA certificates',
    run: (trial) => trial.destroy(),
  },
];

export const ALL_STEPS: readonly Step[] = [...DEPLOYING, ...TRYING, ...CHANGING];
