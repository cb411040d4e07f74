/** `cakeless local`: the whole service on this machine, for trying out and testing. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { ENVIRONMENT } from '../../lib/environment-names.ts';
import type { RunningLocal } from '../../local/local-options.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { LOCAL_BUCKETS, startService } from '../local-service.ts';
import { portNumber } from '../options.ts';
import { terminal } from '../terminal.ts';

interface LocalOptions {
  data: string;
  port: number;
  envFile?: string;
}

export function addLocalCommand(program: Command): void {
  program
    .command('local')
    .description(
      'run the service on this machine, on loopback only, for trying out and testing: its CA keys are plain files',
    )
    .requiredOption('--data <dir>', 'folder that holds everything; made if absent')
    .option('--port <number>', 'port on 127.0.0.1; 0 takes any free one', portNumber, 4599)
    .option('-e, --env-file <file>', 'write shell assignments with which any AWS tool reaches it')
    .action(async (options: LocalOptions) => {
      const local = await start(options);
      if (options.envFile) writeFileSync(options.envFile, environmentFile(local), { mode: 0o600 });
      terminal.print(
        `cakeless local is ready at ${local.url} (for trying out and testing only); other principals: ${join(options.data, 'principals.json')}`,
      );
      await untilToldToStop();
      await local.close();
    });
}

/** @throws CommandError if another program has the port */
async function start({ data, port }: LocalOptions): Promise<RunningLocal> {
  try {
    return await startService({ dataDir: data, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new CommandError(
      EXIT.usage,
      `port ${port} of 127.0.0.1 is taken`,
      'choose another one with --port; --port 0 takes any free one',
    );
  }
}

/** The environment with which the AWS SDKs, the AWS CLI and `cakeless` reach the local service. */
export function environmentOf(local: RunningLocal): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: local.url,
    AWS_REGION: local.region,
    AWS_DEFAULT_REGION: local.region, // version 1 of the AWS CLI and boto3 read this one only
    AWS_ACCESS_KEY_ID: local.administrator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: local.administrator.secretAccessKey,
    [ENVIRONMENT.exchangeBucket]: LOCAL_BUCKETS.exchange,
    [ENVIRONMENT.authorityBucket]: LOCAL_BUCKETS.authority,
  };
}

function environmentFile(local: RunningLocal): string {
  const lines = Object.entries(environmentOf(local)).map(([name, value]) => `${name}='${value}'`);
  return `${lines.join('\n')}\n`;
}

function untilToldToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
