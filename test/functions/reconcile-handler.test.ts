import { newReconcileHandler } from '../../functions/reconcile-handler.ts';
import { readWakes } from '../../functions/wakes.ts';
import { kubeadmSet } from '../support/kubeadm-sets.ts';
import { lambdaContext, withReporter } from '../support/running-service-lambda.ts';
import { Workshop } from '../support/workshop.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const MINUTE_MS = 60_000;

async function opened() {
  const workshop = await Workshop.open();
  const { node } = workshop.declare(set);
  const keys = set.csrs.map((csr) => workshop.upload(node, csr));
  const sent: string[] = [];
  const queue = {
    async send(body: string) {
      sent.push(...readWakes(body).map(({ key }) => key));
    },
  };
  const reconcile = (event: unknown = {}) =>
    withReporter((reporter) =>
      newReconcileHandler(workshop.service, queue, reporter)(event, lambdaContext),
    );
  const pass = (ms: number) => {
    workshop.now = new Date(workshop.now.getTime() + ms);
  };
  return { workshop, keys, sent, queue, reconcile, pass };
}

it('leaves requests of the last five minutes alone, and queues older ones again', async () => {
  const { keys, sent, reconcile, pass } = await opened();
  expect((await reconcile()).answer).toEqual({ requeued: 0 });
  pass(6 * MINUTE_MS);
  const { answer, lines } = await reconcile();
  expect(answer).toEqual({ requeued: keys.length });
  expect(sent.sort()).toEqual([...keys].sort());
  expect(lines).toMatchObject([{ message: 'reconciled', requeued: keys.length }]);
});

it('what has its outcome is not queued again; what waits for an approver is', async () => {
  const { workshop, keys, sent, reconcile, pass } = await opened();
  for (const key of keys) await workshop.process(key);
  pass(6 * MINUTE_MS);
  await reconcile();
  expect(sent).toEqual([expect.stringContaining('super-admin.conf.csr')]);
});

it('the ledger is looked at only when the event asks for it', async () => {
  const { workshop, keys, sent, reconcile, pass } = await opened();
  const [key = ''] = keys;
  await workshop.process(key);
  workshop.exchange.objects.clear(); // both the request and its outcome are gone
  pass(9 * MINUTE_MS);
  await reconcile();
  expect(sent).toEqual([]);
  await reconcile({ records: true });
  expect(sent).toEqual([key]);
});

it('a queue that refuses is an error, so that the schedule tries again', async () => {
  const { reconcile, queue, pass } = await opened();
  queue.send = () => Promise.reject(new Error('no queue'));
  pass(9 * MINUTE_MS);
  await expect(reconcile()).rejects.toThrow('no queue');
});
