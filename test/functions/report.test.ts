/** What the functions report about a request that was processed. */
import { reportProcessed } from '../../functions/report.ts';
import { withReporter } from '../support/running-service-lambda.ts';

it('a record that does not fit its request is an error with its own metric', async () => {
  const done = { outcome: 'rejected', misfits: ['its CSR is not in the bucket'] } as const;
  const { lines, metrics } = await withReporter(async (reporter) => {
    reportProcessed(reporter, 'requests/prod/cp-1/r1/admin.conf.csr', done);
    reporter.metrics.publishStoredMetrics();
  });
  expect(lines).toContainEqual(
    expect.objectContaining({
      level: 'ERROR',
      request: 'requests/prod/cp-1/r1/admin.conf.csr',
      misfits: done.misfits,
    }),
  );
  expect(metrics).toMatchObject([{ Rejected: 1, RecordMisfit: 1, service: 'sign' }]);
});

it.each([
  ['below csr', 'requests/prod/csr/uid/kubelet-client.json', [{ CsrIssued: 1, cluster: 'prod' }]],
  ["a control plane's own", 'requests/prod/cp-1/uid/kubelet-serving.json', [{ cluster: 'prod' }]],
  ['a file of kubeadm', 'requests/prod/cp-1/r1/kubelet.conf.csr', []],
])(
  'what was issued for a CSR of the certificates API counts for its cluster: %s',
  async (...row) => {
    const [, key, wanted] = row;
    const { metrics } = await withReporter(async (reporter) => {
      reportProcessed(reporter, key, { outcome: 'issued' });
      reporter.metrics.publishStoredMetrics();
    });
    expect(metrics).toMatchObject([...wanted, { Issued: 1, service: 'sign' }]);
  },
);

it('a CSR of the certificates API that was rejected does not count', async () => {
  const { metrics } = await withReporter(async (reporter) => {
    reportProcessed(reporter, 'requests/prod/csr/uid/kubelet-client.json', { outcome: 'rejected' });
    reporter.metrics.publishStoredMetrics();
  });
  expect(metrics).toEqual([expect.not.objectContaining({ CsrIssued: 1 })]);
});
