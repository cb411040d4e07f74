/**
 * Runs on the machine instead of the kubelet: runs static pods, keeps the client certificate that it read when it started,
 * as the real kubelet does, and has a health endpoint. `/held` is for the test: the serial number of that certificate.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { FakeKubelet } from '../../../support/fake-kubelet.ts';

const kubernetes = '/etc/kubernetes';
const [, data = ''] =
  /client-certificate-data: "?([\w+/=]+)/.exec(
    readFileSync(`${kubernetes}/kubelet.conf`, 'utf8'),
  ) ?? [];
const held = new X509Certificate(Buffer.from(data, 'base64')).serialNumber;
new FakeKubelet(kubernetes);
createServer(({ url }, response) => response.end(url === '/held' ? held : 'ok')).listen(
  10248,
  '127.0.0.1',
);
