/** Nodes can do without our client: the AWS CLI, boto3, or curl with a presigned URL, and the service's env file. */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { toolsFolder } from '../support/judges-programs.ts';
import { kubeadmSet } from '../support/kubeadm-sets.ts';
import { cakeless } from '../support/running-service-command.ts';
import { type ServiceProcess, startServiceProcess } from '../support/running-service-process.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const NODE = 'cp-1.prod.example.com';
const CSRS = join(set.dir, 'csr');
const bin = join(toolsFolder(), 'python', 'bin');
const missing = ['aws', 'python'].filter((program) => !existsSync(join(bin, program)));
const TIMEOUT_MS = 120_000;

const folder = mkdtempSync(join(tmpdir(), 'cakeless-aws-tools-'));
let service: ServiceProcess;

const run = promisify(execFile);

/** Runs a script with the variables of the env file, and no other variables of AWS. */
async function shell(script: string): Promise<string> {
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: folder,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const lines = ['set -euo pipefail', 'set -a', `. ${service.envFile}`, 'set +a', script];
  const { stdout } = await run('bash', ['-c', lines.join('\n')], { env, timeout: TIMEOUT_MS });
  return stdout;
}

const request = (id: string, path: string) => `requests/prod/${NODE}/${id}/${path}`;
const certificate = (id: string, path: string) => `certificates/prod/${NODE}/${id}/${path}`;
const BUCKET = 's3://$CAKELESS_EXCHANGE_BUCKET';

function expectCertificate(pem: string, commonName: string): void {
  expect(new X509Certificate(pem).subject).toContain(`CN=${commonName}`);
}

if (missing.length > 0) {
  it(`needs ${missing.join(' and ')}, which test/tools/install.sh installs`, () => {
    if (process.env.CAKELESS_REQUIRE_JUDGES === '1')
      throw new Error(`no ${missing.join(', ')} in ${bin}`);
    console.warn(`not tested here: no ${missing.join(', ')} in ${bin}`);
  });
} else {
  beforeAll(async () => {
    service = await startServiceProcess(folder);
    await cakeless(service.environment, 'trust-domain', 'create', 'fleet');
    const config = ['--kubeadm-config', join(set.dir, 'config.yaml'), '--trust-domain', 'fleet'];
    await cakeless(service.environment, 'cluster', 'apply', 'prod', ...config);
  }, TIMEOUT_MS);

  afterAll(async () => {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it(
    'aws s3 cp uploads a CSR and downloads its certificate',
    async () => {
      const outcome = certificate('cp', 'pki/apiserver.crt');
      const pem = await shell(`
      aws s3 cp --quiet ${CSRS}/pki/apiserver.csr ${BUCKET}/${request('cp', 'pki/apiserver.csr')}
      aws s3api wait object-exists --bucket $CAKELESS_EXCHANGE_BUCKET --key ${outcome}
      aws s3 cp --quiet ${BUCKET}/${outcome} -`);
      expectCertificate(pem, 'kube-apiserver');
    },
    TIMEOUT_MS,
  );

  it(
    'aws s3 cp --recursive uploads a directory and downloads its outcomes',
    async () => {
      await shell(`
      aws s3 cp --quiet --recursive ${CSRS} ${BUCKET}/requests/prod/${NODE}/folder/
      for path in ${set.csrs.map(({ path }) => path.replace(/\.csr$/, '')).join(' ')}; do
        case $path in super-admin.conf) outcome=$path.pending.json ;; *) outcome=$path.crt ;; esac
        aws s3api wait object-exists --bucket $CAKELESS_EXCHANGE_BUCKET --key ${certificate('folder', '$outcome')}
      done
      aws s3 cp --quiet --recursive ${BUCKET}/${certificate('folder', '')} ${folder}/outcomes/`);
      for (const { path } of set.csrs.filter((csr) => csr.path !== 'super-admin.conf.csr'))
        expect(existsSync(join(folder, 'outcomes', path.replace(/csr$/, 'crt')))).toBe(true);
      expectCertificate(readFileSync(join(folder, 'outcomes/pki/etcd/peer.crt'), 'utf8'), NODE);
    },
    TIMEOUT_MS,
  );

  it(
    'aws s3api put-object --if-none-match uploads a request only once',
    async () => {
      const put = `aws s3api put-object --bucket $CAKELESS_EXCHANGE_BUCKET --if-none-match '*' \
      --key ${request('once', 'kubelet.conf.csr')} --body ${CSRS}/kubelet.conf.csr`;
      expect(JSON.parse(await shell(put))).toHaveProperty('ETag');
      await expect(shell(put)).rejects.toMatchObject({
        stderr: expect.stringContaining('PreconditionFailed'),
      });
    },
    TIMEOUT_MS,
  );

  const PRESIGN = `
import boto3, os
print(boto3.client('s3').generate_presigned_url('put_object', Params={
  'Bucket': os.environ['CAKELESS_EXCHANGE_BUCKET'], 'Key': os.environ['KEY'], 'IfNoneMatch': '*'}))`;

  it(
    'curl with a presigned URL uploads a CSR and downloads its certificate',
    async () => {
      const outcome = certificate('curl', 'scheduler.conf.crt');
      const pem = await shell(`
      export KEY=${request('curl', 'scheduler.conf.csr')}
      url=$(python -c "${PRESIGN}")
      curl --silent --show-error --fail --header 'If-None-Match: *' --upload-file ${CSRS}/scheduler.conf.csr "$url"
      curl --silent --show-error --fail --retry 60 --retry-delay 1 --retry-all-errors --retry-max-time 60 \
        "$(aws s3 presign ${BUCKET}/${outcome})"`);
      expectCertificate(pem, 'system:kube-scheduler');
    },
    TIMEOUT_MS,
  );

  const BOTO3 = `
import boto3, os, sys
s3, bucket = boto3.client('s3'), os.environ['CAKELESS_EXCHANGE_BUCKET']
body, key, outcome = open(sys.argv[1], 'rb').read(), sys.argv[2], sys.argv[3]
s3.put_object(Bucket=bucket, Key=key, Body=body, IfNoneMatch='*')
s3.get_waiter('object_exists').wait(Bucket=bucket, Key=outcome, WaiterConfig={'Delay': 1, 'MaxAttempts': 60})
print(s3.get_object(Bucket=bucket, Key=outcome)['Body'].read().decode(), end='')`;

  it(
    'boto3 uploads a CSR and downloads its certificate, or its rejection',
    async () => {
      const boto = (file: string, key: string, outcome: string) =>
        shell(`python -c "${BOTO3}" ${CSRS}/${file} ${key} ${outcome}`);
      const path = 'controller-manager.conf';
      const pem = await boto(
        `${path}.csr`,
        request('boto', `${path}.csr`),
        certificate('boto', `${path}.crt`),
      );
      expectCertificate(pem, 'system:kube-controller-manager');
      const refusal = certificate('boto', 'admin.conf.rejected.json');
      const text = await boto(`${path}.csr`, request('boto', 'admin.conf.csr'), refusal);
      expect(JSON.parse(text).violations).toContainEqual(
        expect.objectContaining({ code: 'subject-common-name' }),
      );
    },
    TIMEOUT_MS,
  );
}
