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
