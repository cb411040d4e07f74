/** A node to be prepared: a folder instead of /etc/kubernetes, and `cakeless prepare` in this process. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../client/clock.ts';
import { type PrepareOptions, prepare } from '../../client/commands/prepare.ts';
import type { Prepared } from '../../client/node/prepare/prepare-node.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { approveRequest } from './approve-command.ts';
import type { RunningService } from './running-service.ts';
import { mustCakeless } from './running-service-command.ts';

export class NewNode {
  readonly folder: string;
  readonly service: RunningService;
  readonly cluster: string;
  readonly name: string;

  constructor(
    service: RunningService,
    folder: string,
    cluster: string,
    name: string,
    yaml: string,
  ) {
    this.service = service;
    this.folder = folder;
    this.cluster = cluster;
    this.name = name;
    mkdirSync(folder, { recursive: true });
    writeFileSync(this.at('config.yaml'), yaml);
  }

  at(...path: string[]): string {
    return join(this.folder, ...path);
  }

  /** @param wrap puts a store between the command and the bucket */
  async prepare(
    more: Partial<PrepareOptions> = {},
    wrap: (exchange: ObjectStore) => ObjectStore = (exchange) => exchange,
  ) {
    const printed: string[] = [];
    const exchange = wrap(this.service.store('exchange', `node:${this.cluster}/${this.name}`));
    const exitCode = await prepare(
      {
        exchange: async () => exchange,
        authority: () => Promise.reject(new Error('a node does not use the authority bucket')),
        userId: () => Promise.reject(new Error('a node approves nothing')),
        invokeCreateCa: () => Promise.reject(new Error('a node calls no function')),
        keyImport: () => Promise.reject(new Error('a node imports no key')),
      },
      { print: (line) => void printed.push(line), progress: () => undefined },
      {
        config: this.at('config.yaml'),
        cluster: this.cluster,
        kubeconfigDir: this.folder,
        trustOnFirstUse: true,
        output: 'json',
        ...more,
      },
      // instead of time passing, the service finishes all its work
      { ...systemClock, sleep: async () => void (await this.service.local.idle()) },
    );
    const text = printed.join('\n');
    return { exitCode, text, result: (more.output ? {} : JSON.parse(text)) as Prepared };
  }

  /** Approves everything that is pending. */
  async approveAll({ certificates }: Prepared): Promise<void> {
    const { endpoint, region, credentials } = this.service.settings('approver');
    const environment = {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      CAKELESS_EXCHANGE_BUCKET: 'cakeless-exchange',
      CAKELESS_AUTHORITY_BUCKET: 'cakeless-authority',
    };
    for (const { state, request = '' } of certificates) {
      if (state !== 'pending') continue;
      await approveRequest((...args) => mustCakeless(environment, ...args), request);
    }
    await this.service.local.idle();
  }

  /** Runs a second time after approvals if something is pending. */
  async prepareWhole(more: Partial<PrepareOptions> = {}) {
    const first = await this.prepare(more);
    if (first.exitCode !== 4) return first;
    await this.approveAll(first.result);
    return this.prepare(more);
  }
}
