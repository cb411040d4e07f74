import { createHash } from 'node:crypto';
import { DescribeKeyCommand, SignCommand } from '@aws-sdk/client-kms';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import {
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { caKeyAlias } from '../../../lib/ca/key-alias.ts';
import { RESERVED_NODE_NAMES } from '../../../lib/contract/request-kinds.ts';
import type { Credentials } from '../../stand-in/ministack.ts';
import { type Check, NODE, nodeOfA, refused } from '../check.ts';
import type { Bucket, Deployment } from '../deployment.ts';

/** Another node, whose name starts with the name of the first. */
const NODE_10 = `${NODE}.au`;
const own = `requests/a/${NODE}`;
const csrOf = (folder: string) => `${folder}/admin.conf.csr`;
const kubeletsOf = (folder: string) => `${folder}/kubelet-client.json`;

export const isolation: Check[] = [
  {
    name: 'a node creates and reads in its own folder, but not in those of other nodes, clusters or users',
    async run(deployment) {
      const node = await nodeOfA(deployment);
      await deployment.create(node, 'exchange', csrOf(`${own}/i1`), 'not a CSR');
      await deployment.read(node, 'exchange', csrOf(`${own}/i1`));
      await deployment.keys(node, 'exchange', `${own}/`);
      for (const other of [`a/${NODE_10}`, `b/${NODE}`, 'a/users']) {
        const key = csrOf(`requests/${other}/i1`);
        await refused(`creating ${key}`, deployment.create(node, 'exchange', key, 'not a CSR'));
        await refused(`reading ${key}`, deployment.read(node, 'exchange', key));
        await refused(
          `listing requests/${other}/`,
          deployment.keys(node, 'exchange', `requests/${other}/`),
        );
        const certificate = `certificates/${other}/first/admin.conf.crt`;
        await refused(`reading ${certificate}`, deployment.read(node, 'exchange', certificate));
      }
      const sibling = await nodeOfA(deployment, NODE_10);
      const key = csrOf(`requests/a/${NODE_10}/i1`);
      await deployment.create(sibling, 'exchange', key, 'not a CSR');
    },
  },
  {
    name: 'a session is not a node if its tag is a wildcard, a path, a reserved word, or missing',
    async run(deployment) {
      const words = ['*', 'cp-?.prod.example.com', `${NODE}/first`, ...RESERVED_NODE_NAMES];
      for (const tag of [...words, undefined]) {
        const who = await deployment.assume('nodes of a', tag === undefined ? {} : { node: tag });
        const folders = [
          ...[own, 'requests/a/users', `${own}/first`].map((folder) => csrOf(`${folder}/i2`)),
          ...['requests/a/csr', own].map((folder) => kubeletsOf(`${folder}/i2`)),
        ];
        for (const key of folders)
          await refused(
            `creating ${key} with the tag ${tag}`,
            deployment.create(who, 'exchange', key, 'not a CSR'),
          );
      }
    },
  },
  {
    name: 'a forwarder and control planes create below csr of their cluster, by exact names, and no other node or relay does',
    async run(deployment) {
      const forwarder = await deployment.assume('forwarder of a');
      const tags = { node: NODE, role: 'control-plane' };
      const controlPlane = await deployment.assume('nodes of a', tags);
      const key = kubeletsOf('requests/a/csr/i7');
      await deployment.create(forwarder, 'exchange', key, '{}');
      await deployment.create(controlPlane, 'exchange', kubeletsOf('requests/a/csr/i8'), '{}');
      await deployment.read(controlPlane, 'exchange', key);
      await deployment.keys(forwarder, 'exchange', 'certificates/a/csr/');
      const others = [await nodeOfA(deployment), await deployment.assume('relay of a')];
      for (const who of others)
        await refused(
          'creating below csr',
          deployment.create(who, 'exchange', kubeletsOf('requests/a/csr/i9'), '{}'),
        );
      const forwardersPuts = [
        'requests/a/csr/i9/junk.json',
        csrOf('requests/a/csr/i9'),
        kubeletsOf('requests/b/csr/i9'),
        kubeletsOf(`${own}/i9`),
        csrOf(`${own}/i9`),
        csrOf('requests/a/users/i9'),
        'leases/a.json',
      ];
      for (const other of forwardersPuts)
        await refused(`creating ${other}`, deployment.create(forwarder, 'exchange', other, '{}'));
      const input = { Bucket: deployment.bucket('exchange'), Key: key, Body: '{}' };
      await refused(
        'a put without If-None-Match',
        deployment.s3(forwarder).send(new PutObjectCommand(input)),
      );
      await refused(
        'listing a node',
        deployment.keys(forwarder, 'exchange', `certificates/a/${NODE}/`),
      );
      await refused('a cluster record', deployment.read(forwarder, 'authority', 'clusters/a.json'));
    },
  },
  {
    name: "a node creates its kubelet's objects in its own folder, by exact names",
    async run(deployment) {
      const node = await nodeOfA(deployment);
      await deployment.create(node, 'exchange', kubeletsOf(`${own}/i10`), '{}');
      for (const name of ['user.json', 'junk.json'])
        await refused(
          `creating ${name}`,
          deployment.create(node, 'exchange', `${own}/i10/${name}`, '{}'),
        );
    },
  },
  {
    name: 'no principal puts a request without If-None-Match, not even with AdministratorAccess',
    async run(deployment) {
      const input = { Bucket: deployment.bucket('exchange'), Key: csrOf(`${own}/i3`), Body: 'x' };
      for (const who of [await nodeOfA(deployment), await deployment.administrator()])
        await refused('a put', deployment.s3(who).send(new PutObjectCommand(input)));
      await deployment.create(await nodeOfA(deployment), 'exchange', input.Key, 'x');
    },
  },
  {
    name: 'a node puts only CSRs, in the usual storage class, encrypted by S3',
    async run(deployment) {
      const node = await nodeOfA(deployment);
      const put = (Key: string, more: Partial<PutObjectCommandInput> = {}) => {
        const Bucket = deployment.bucket('exchange');
        const input = { Bucket, Key, Body: 'x', IfNoneMatch: '*', ...more };
        return deployment.s3(node).send(new PutObjectCommand(input));
      };
      await refused('a key', put(`${own}/i5/apiserver.key`));
      const key = csrOf(`${own}/i5`);
      await refused('an archived object', put(key, { StorageClass: 'DEEP_ARCHIVE' }));
      await refused('an object with SSE-KMS', put(key, { ServerSideEncryption: 'aws:kms' }));
      const SSECustomerKey = createHash('sha256').update('mine').digest('base64');
      const customer = { SSECustomerAlgorithm: 'AES256', SSECustomerKey };
      await refused('an object with SSE-C', put(key, customer));
      await put(key);
    },
  },
  {
    name: 'an administrator with AdministratorAccess writes nothing that leads to a signature',
    async run(deployment) {
      const who = await deployment.administrator();
      const objects: [bucket: Bucket, key: string][] = [
        ['exchange', csrOf(`${own}/i6`)],
        ['exchange', `certificates/a/${NODE}/i6/admin.conf.crt`],
        ['exchange', 'trust/prod/mine.crt'],
        ['authority', `records/a/${NODE}/i6/admin.conf.csr.json`],
        ['authority', `approvals/standing/a/AIDAMINE.json`],
        ['authority', 'clusters/mine.json'],
        ['authority', 'elsewhere/x'],
      ];
      for (const [bucket, key] of objects)
        await refused(`${bucket}/${key}`, deployment.create(who, bucket, key, '{}'));
      const QueueUrl = deployment.output('RequestQueueUrl');
      const send = new SendMessageCommand({ QueueUrl, MessageBody: '{}' });
      await refused('a message', deployment.sqs(who).send(send));
      const Bucket = deployment.bucket('authority');
      const remove = new DeleteBucketPolicyCommand({ Bucket });
      await refused('another bucket policy', deployment.s3(who).send(remove));
    },
  },
  {
    name: "a control-plane node can put only its own cluster's lease, and only with a condition",
    async run(deployment) {
      const worker = await nodeOfA(deployment);
      const ofWorker = deployment.create(worker, 'exchange', 'leases/a.json', '{}');
      await refused('a lease of a worker', ofWorker);
      const node = await deployment.assume('nodes of a', { node: NODE, role: 'control-plane' });
      await deployment.create(node, 'exchange', 'leases/a.json', '{}');
      const s3 = deployment.s3(node);
      const input = { Bucket: deployment.bucket('exchange'), Key: 'leases/a.json', Body: '{}' };
      const IfMatch = `"${createHash('md5').update('{}').digest('hex')}"`;
      await s3.send(new PutObjectCommand({ ...input, IfMatch }));
      await refused('a put without a condition', s3.send(new PutObjectCommand(input)));
      await refused(
        'a put of the lease of b',
        deployment.create(node, 'exchange', 'leases/b.json', '{}'),
      );
    },
  },
  {
    name: 'a node reaches neither the authority bucket nor functions nor keys',
    async run(deployment) {
      const node = await nodeOfA(deployment);
      const auditor = await deployment.assume('auditor');
      await deployment.read(auditor, 'authority', 'clusters/a.json');
      await refused('reading', deployment.read(node, 'authority', 'clusters/a.json'));
      await refused('listing', deployment.keys(node, 'authority', ''));
      await refused('creating', deployment.create(node, 'authority', 'clusters/a.json', '{}'));
      for (const output of ['CreateCaFunction', 'ReconcileFunction', 'SignFunction']) {
        const call = new InvokeCommand({ FunctionName: deployment.output(output), Payload: '{}' });
        await refused(`calling ${output}`, deployment.lambda(node).send(call));
      }
      await refused('signing', sign(deployment, node));
    },
  },
  {
    name: 'no person can sign: neither operator, approver and auditor nor an administrator with AdministratorAccess',
    async run(deployment) {
      const people = (['operator', 'approver', 'auditor'] as const).map((role) =>
        deployment.assume(role),
      );
      const administrator = await deployment.administrator();
      const KeyId = caKeyAlias({ trustDomain: 'prod', ca: 'ca', version: 1 });
      await deployment.kms(administrator).send(new DescribeKeyCommand({ KeyId }));
      for (const who of [...(await Promise.all(people)), administrator])
        await refused('signing', sign(deployment, who));
    },
  },
  {
    name: 'an approver cannot upload or write cluster records, an operator cannot approve, an auditor cannot write',
    async run(deployment) {
      const puts: [role: 'operator' | 'approver' | 'auditor', bucket: Bucket, key: string][] = [
        ['approver', 'exchange', csrOf(`${own}/i4`)],
        ['approver', 'authority', 'clusters/c.json'],
        ['approver', 'authority', `records/a/${NODE}/i4/admin.conf.csr.json`],
        ['operator', 'authority', 'approvals/standing/a/x.json'],
        ['operator', 'exchange', csrOf(`${own}/i4`)],
        ['operator', 'authority', `records/a/${NODE}/i4/admin.conf.csr.json`],
        ['auditor', 'authority', 'clusters/c.json'],
        ['auditor', 'authority', 'approvals/standing/a/x.json'],
        // another approver's
        ['approver', 'authority', 'approvals/standing/a/AROAOTHER:bob.json'],
      ];
      for (const [role, bucket, key] of puts) {
        const who = await deployment.assume(role);
        await refused(`${role}: ${key}`, deployment.create(who, bucket, key, '{}'));
      }
    },
  },
  {
    name: 'no principal can delete a record',
    async run(deployment) {
      const auditor = await deployment.assume('auditor');
      const [record] = await deployment.keys(auditor, 'authority', 'records/a/');
      const input = { Bucket: deployment.bucket('authority'), Key: record ?? '' };
      for (const who of [await deployment.assume('operator'), await deployment.administrator()])
        await refused('deleting', deployment.s3(who).send(new DeleteObjectCommand(input)));
    },
  },
];

function sign(deployment: Deployment, who: Credentials): Promise<unknown> {
  return deployment.kms(who).send(
    new SignCommand({
      KeyId: caKeyAlias({ trustDomain: 'prod', ca: 'ca', version: 1 }),
      Message: createHash('sha256').update('anything').digest(),
      MessageType: 'DIGEST',
      SigningAlgorithm: 'ECDSA_SHA_256',
    }),
  );
}
