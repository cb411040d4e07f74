/** The plain template, deployed to MiniStack by CloudFormation's API alone, and the service that it creates. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStacksCommand,
  waitUntilStackCreateComplete,
} from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { readConfig } from '../../infra/config.ts';
import { buildTemplate, TEMPLATE } from '../../infra/template/build-template.ts';
import { ACCOUNT, type Ministack, startMinistack } from '../stand-in/ministack.ts';
import { describeWithMinistack } from '../stand-in/ministack-program.ts';
import { issuance } from './checks/issuance.ts';
import { CONFIG_FILE } from './config-file.ts';
import { Deployment } from './deployment.ts';

const BUCKET = 'uploaded-files';
const PREFIX = 'cakeless/';

describeWithMinistack('the plain template', () => {
  let ministack: Ministack | undefined;
  afterAll(() => ministack?.stop());

  it('deploys without a bootstrap, and the service issues certificates', async () => {
    ministack = await startMinistack();
    const out = join(mkdtempSync(join(tmpdir(), 'cakeless-artifact-')), 'template');
    const codeDir = mkdtempSync(join(tmpdir(), 'cakeless-bundles-'));
    execFileSync(process.execPath, ['functions/bundle.mjs', codeDir], { stdio: 'pipe' });
    buildTemplate({ out, config: readConfig(CONFIG_FILE), codeDir });
    await upload(ministack, out);
    const outputs = await deploy(ministack);
    const deployment = await Deployment.of(ministack, outputs);
    for (const { run } of issuance) await run(deployment);
  }, 600_000);
});

/** The template too: CloudFormation takes at most 51,200 bytes in a call. */
async function upload(ministack: Ministack, folder: string): Promise<void> {
  const s3 = new S3Client({ ...ministack.client(), forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const functions = readdirSync(join(folder, 'functions')).map((name) => `functions/${name}`);
  for (const name of [TEMPLATE, ...functions]) {
    const Body = readFileSync(join(folder, name));
    await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: PREFIX + name, Body }));
  }
}

async function deploy(ministack: Ministack): Promise<Record<string, string>> {
  const client = new CloudFormationClient(ministack.client());
  const StackName = 'Cakeless';
  const parameters = {
    CodeBucket: BUCKET,
    CodePrefix: PREFIX,
    DeployerArn: `arn:aws:iam::${ACCOUNT}:root`,
  };
  await client.send(
    new CreateStackCommand({
      StackName,
      TemplateURL: `${ministack.endpoint}/${BUCKET}/${PREFIX}${TEMPLATE}`,
      Capabilities: ['CAPABILITY_NAMED_IAM'],
      Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({
        ParameterKey,
        ParameterValue,
      })),
    }),
  );
  const times = { client, maxWaitTime: 300, minDelay: 1, maxDelay: 2 };
  await waitUntilStackCreateComplete(times, { StackName });
  const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName }));
  return Object.fromEntries(
    (stack?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
  );
}
