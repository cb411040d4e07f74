/** Who may do what: each refusal with the most similar call that is allowed, so that nothing is refused by accident. */
import { createHash } from 'node:crypto';
import { KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { kubeadmSet } from '../support/kubeadm-sets.ts';
import { RunningService, upload } from '../support/running-service.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const CP1 = 'cp-1.prod.example.com';
const CP10 = 'cp-1.prod.example.com.au';
const NODES = [
  { name: CP1, addresses: ['10.20.0.11', '10.20.1.11', '10.20.2.11'], role: 'control-plane' },
  { name: CP10, addresses: ['10.20.0.12'], role: 'control-plane' },
];
const A1 = `node:a/${CP1}`;
const ADMIN = 'administrator';

let service: RunningService;

beforeAll(async () => {
  service = await RunningService.start();
  await service.invoke('cakeless-create-ca', { trustDomain: 'fleet' });
  for (const cluster of ['a', 'b']) await service.declare(set, cluster, { nodes: NODES });
  for (const place of [`a/${CP1}`, `a/${CP10}`, `b/${CP1}`])
    await upload(service.s3(`node:${place}`), `requests/${place}/r0/kubelet.conf.csr`, kubelet());
  await service.local.idle();
});

afterAll(() => service.close());

const kubelet = () =>
  set.csrs.find(({ certificateName }) => certificateName === 'kubelet.conf')?.file ?? '';

/** `exchange/key` or `authority/key`, with `<principal>` for the userid of a principal. */
function place(text: string) {
  const named = text.replace(/<([a-z]+)>/, (_, principal) => service.userid(principal));
  const [bucket = '', ...rest] = named.split('/');
  return { Bucket: `cakeless-${bucket}`, Key: rest.join('/') };
}

const attempts: Record<string, (who: string, what: string) => Promise<unknown>> = {
  create: (who, what) =>
    service
      .s3(who)
      .send(new PutObjectCommand({ ...place(what), Body: 'not a CSR', IfNoneMatch: '*' })),
  overwrite: (who, what) =>
    service.s3(who).send(new PutObjectCommand({ ...place(what), Body: 'not a CSR' })),
  read: (who, what) => service.s3(who).send(new GetObjectCommand(place(what))),
  list: (who, what) => {
    const { Bucket, Key } = place(what);
    return service.s3(who).send(new ListObjectsV2Command({ Bucket, Prefix: Key }));
  },
  delete: (who, what) => service.s3(who).send(new DeleteObjectCommand(place(what))),
  copy: (who, what) => {
    const [from = '', to = ''] = what.split(' to ');
    const source = place(from);
    const CopySource = `${source.Bucket}/${source.Key}`;
    return service
      .s3(who)
      .send(new CopyObjectCommand({ ...place(to), CopySource, IfNoneMatch: '*' }));
  },
  sign: (who, KeyId) =>
    service.keep(new KMSClient(service.settings(who))).send(
      new SignCommand({
        KeyId,
        Message: createHash('sha256').update('anything').digest(),
        MessageType: 'DIGEST',
        SigningAlgorithm: 'ECDSA_SHA_256',
      }),
    ),
  invoke: (who, FunctionName) =>
    service
      .keep(new LambdaClient(service.settings(who)))
      .send(new InvokeCommand({ FunctionName, Payload: '{"Records":[]}' })),
  send: (who, queue) =>
    service.keep(new SQSClient(service.settings(who))).send(
      new SendMessageCommand({
        QueueUrl: service.local.queueUrl(queue),
        MessageBody: '{"Records":[]}',
      }),
    ),
};

type Row = [action: string, who: string, what: string, allowedTo: string, allowedWhat: string];
const own = `a/${CP1}`;
const rows: Row[] = [
  // a node and another cluster
  [
    'create',
    A1,
    `exchange/requests/b/${CP1}/x1/admin.conf.csr`,
    A1,
    `exchange/requests/${own}/x1/admin.conf.csr`,
  ],
  [
    'read',
    A1,
    `exchange/requests/b/${CP1}/r0/kubelet.conf.csr`,
    A1,
    `exchange/requests/${own}/r0/kubelet.conf.csr`,
  ],
  [
    'read',
    A1,
    `exchange/certificates/b/${CP1}/r0/kubelet.conf.crt`,
    A1,
    `exchange/certificates/${own}/r0/kubelet.conf.crt`,
  ],
  ['list', A1, `exchange/certificates/b/${CP1}/`, A1, `exchange/certificates/${own}/`],
  ['list', A1, 'exchange/certificates/', A1, `exchange/certificates/${own}/r0/`],
  ['list', A1, 'exchange/', A1, `exchange/requests/${own}/`],
  // a node and another node of its cluster, whose name begins with its own
  [
    'create',
    A1,
    `exchange/requests/a/${CP10}/x2/admin.conf.csr`,
    `node:a/${CP10}`,
    `exchange/requests/a/${CP10}/x2/admin.conf.csr`,
  ],
  [
    'read',
    A1,
    `exchange/certificates/a/${CP10}/r0/kubelet.conf.rejected.json`,
    `node:a/${CP10}`,
    `exchange/certificates/a/${CP10}/r0/kubelet.conf.rejected.json`,
  ],
  ['list', A1, `exchange/requests/a/${CP10}/`, `node:a/${CP10}`, `exchange/requests/a/${CP10}/`],
  ['list', A1, `exchange/requests/${own}`, A1, `exchange/requests/${own}/`],
  [
    'copy',
    A1,
    `exchange/certificates/b/${CP1}/r0/kubelet.conf.crt to exchange/requests/${own}/x3/copy.csr`,
    A1,
    `exchange/requests/${own}/r0/kubelet.conf.csr to exchange/requests/${own}/x3/copy.csr`,
  ],
  // a node and objects that it may not change
  [
    'overwrite',
    A1,
    `exchange/requests/${own}/r0/kubelet.conf.csr`,
    ADMIN,
    `exchange/requests/${own}/x4/kubelet.conf.csr`,
  ],
  [
    'delete',
    A1,
    `exchange/requests/${own}/r0/kubelet.conf.csr`,
    ADMIN,
    `exchange/requests/${own}/x4/none.csr`,
  ],
  [
    'create',
    A1,
    `exchange/certificates/${own}/x5/kubelet.conf.crt`,
    A1,
    `exchange/requests/${own}/x5/kubelet.conf.csr`,
  ],
  ['create', A1, 'exchange/trust/fleet/extra.crt', ADMIN, 'exchange/trust/fleet/extra.crt'],
  ['list', A1, 'exchange/trust/', ADMIN, 'exchange/trust/'],
  // users and nodes
  [
    'create',
    A1,
    'exchange/requests/a/users/x12/user.csr',
    'user-requester:a',
    'exchange/requests/a/users/x12/user.csr',
  ],
  [
    'create',
    'user-requester:a',
    'exchange/requests/b/users/x13/user.csr',
    'user-requester:b',
    'exchange/requests/b/users/x13/user.csr',
  ],
  [
    'create',
    'user-requester:a',
    `exchange/requests/${own}/x14/user.csr`,
    A1,
    `exchange/requests/${own}/x14/user.csr`,
  ],
  [
    'read',
    'user-requester:a',
    `exchange/certificates/${own}/r0/kubelet.conf.crt`,
    'user-requester:a',
    'exchange/trust/fleet/ca.crt',
  ],
  [
    'overwrite',
    'user-requester:a',
    'exchange/requests/a/users/x12/user.csr',
    ADMIN,
    'exchange/requests/a/users/x15/user.csr',
  ],
  // a node and the authority bucket
  ['read', A1, 'authority/clusters/a.json', 'auditor', 'authority/clusters/a.json'],
  ['read', A1, 'authority/trust/fleet.json', A1, 'exchange/trust/fleet/ca.crt'],
  ['list', A1, 'authority/records/', 'auditor', 'authority/records/'],
  ['overwrite', A1, 'authority/clusters/a2.json', ADMIN, 'authority/clusters/a2.json'],
  [
    'create',
    A1,
    'authority/approvals/requests/x6/<approver>.json',
    'approver',
    'authority/approvals/requests/x6/<approver>.json',
  ],
  // a node and the rest of AWS
  ['sign', A1, 'alias/cakeless/fleet/ca', ADMIN, 'alias/cakeless/fleet/ca'],
  ['invoke', A1, 'cakeless-create-ca', ADMIN, 'cakeless-sign'],
  ['invoke', A1, 'cakeless-sign', ADMIN, 'cakeless-sign'],
  ['invoke', 'operator', 'cakeless-sign', 'operator', 'cakeless-create-ca'],
  ['invoke', 'approver', 'cakeless-create-ca', 'operator', 'cakeless-reconcile'],
  ['send', A1, 'cakeless-requests', ADMIN, 'cakeless-requests'],
  ['send', A1, 'cakeless-uploads', ADMIN, 'cakeless-uploads'],
  // people
  [
    'create',
    'approver',
    `exchange/requests/${own}/x7/admin.conf.csr`,
    A1,
    `exchange/requests/${own}/x7/admin.conf.csr`,
  ],
  [
    'create',
    'approver',
    'authority/clusters/a.json2',
    'approver',
    'authority/approvals/standing/x/<approver>.json',
  ],
  ['create', 'approver', `authority/records/${own}/x8`, 'service', `authority/records/${own}/x8`],
  ['sign', 'approver', 'alias/cakeless/fleet/ca', 'service', 'alias/cakeless/fleet/ca'],
  [
    'create',
    'auditor',
    'authority/approvals/requests/x9/<approver>.json',
    'approver',
    'authority/approvals/requests/x9/<approver>.json',
  ],
  [
    'create',
    'auditor',
    `exchange/requests/${own}/x10/admin.conf.csr`,
    A1,
    `exchange/requests/${own}/x10/admin.conf.csr`,
  ],
  [
    'create',
    'operator',
    'authority/approvals/requests/x12',
    'operator',
    'authority/clusters/x12.json',
  ],
  ['sign', 'operator', 'alias/cakeless/fleet/ca', 'service', 'alias/cakeless/fleet/ca'],
  ['overwrite', 'service', `authority/records/${own}/x8`, 'service', 'authority/trust/y.json'],
  ['delete', 'auditor', 'authority/clusters/b.json', ADMIN, 'authority/clusters/none.json'],
  ['send', 'auditor', 'cakeless-requests', 'service', 'cakeless-requests'],
  ['send', 'service', 'cakeless-uploads', 'service', 'cakeless-requests'],
  ['overwrite', 'service', 'authority/clusters/a.json3', 'service', 'authority/trust/x.json'],
  [
    'create',
    'service',
    'authority/approvals/requests/x11/<approver>.json',
    'approver',
    'authority/approvals/requests/x11/<approver>.json',
  ],
  // one approver and another
  [
    'create',
    'approver',
    'authority/approvals/requests/x15/<administrator>.json',
    'approver',
    'authority/approvals/requests/x15/<approver>.json',
  ],
  [
    'create',
    'approver',
    'authority/approvals/standing/x16/<administrator>.json',
    'approver',
    'authority/approvals/standing/x16/<approver>.json',
  ],
];

it.each(rows)(
  '%s is denied to %s for %s, but allowed to %s for %s',
  async (action, who, what, allowedTo, allowedWhat) => {
    const attempt = attempts[action];
    await expect(attempt?.(who, what)).rejects.toMatchObject({
      name: expect.stringMatching(/^AccessDenied(Exception)?$/),
    });
    await expect(attempt?.(allowedTo, allowedWhat)).resolves.toBeDefined();
  },
);

it('a request cannot be overwritten, not even by its own node', async () => {
  const key = `requests/${own}/once/kubelet.conf.csr`;
  await upload(service.s3(A1), key, kubelet());
  await expect(upload(service.s3(A1), key, 'other')).rejects.toMatchObject({
    name: 'PreconditionFailed',
  });
});

describe('the function checks again what IAM allowed', () => {
  const violations = async (key: string) => {
    await service.local.idle();
    return (await service.outcome(key)).rejected?.violations;
  };

  it("rejects another node's name under a node's own prefix, and names it", async () => {
    const key = `requests/a/${CP10}/masquerade/kubelet.conf.csr`;
    await upload(service.s3(`node:a/${CP10}`), key, kubelet());
    expect(await violations(key)).toMatchObject([
      { code: 'subject-common-name', got: expect.stringContaining(`system:node:${CP1}`) },
    ]);
  });

  it('rejects a node that the record does not list, for any uploader', async () => {
    const key = 'requests/a/stranger/r1/kubelet.conf.csr';
    await upload(service.s3(), key, kubelet());
    expect((await violations(key))?.map(({ code }) => code)).toContain('node-unknown');
  });

  it('issues only to listed uploaders if the record lists any', async () => {
    const named = (name: string) => {
      const principal = service.local.principals().find((one) => one.name === name);
      return `AWS:${principal?.principalId}`;
    };
    await service.declare(set, 'c', { nodes: NODES });
    await service.declare(set, 'c', { nodes: NODES, uploaders: [named(`node:c/${CP1}`)] });
    const [wrong, right] = ['wrong', 'right'].map(
      (id) => `requests/c/${CP1}/${id}/kubelet.conf.csr`,
    );
    await upload(service.s3(), wrong ?? '', kubelet());
    await upload(service.s3(`node:c/${CP1}`), right ?? '', kubelet());
    expect(await violations(wrong ?? '')).toMatchObject([
      { code: 'uploader-not-allowed', got: named(ADMIN) },
    ]);
    expect(Object.keys(await service.outcome(right ?? ''))).toEqual(['certificate']);
  });
});
