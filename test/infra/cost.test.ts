/** docs/cost.md: the number of calls times public prices, plus the resources of the synthesized template. */
import { readFileSync } from 'node:fs';
import { CALLS_PER_CSR } from '../../bench/cost/calls.ts';
import { kubeletTable } from '../../bench/cost/kubelets.ts';
import { costPerCertificate, reportsCostPerCluster } from '../../bench/cost/model.ts';
import { costTable } from '../../bench/cost/table.ts';
import { METRICS } from '../../lib/metric-names.ts';
import { ofType, type Resources, synthesize } from '../support/synthesize.ts';

const resources: Resources = synthesize({
  trustDomains: [{ name: 'prod' }],
  alarms: { topicArn: 'arn:aws:sns:eu-central-1:123456789012:alarms', renewalsStoppedDays: 7 },
});

const properties = (type: string) =>
  ofType(resources, type).map(([, resource]) => resource.Properties as Record<string, unknown>);
const memoryOf = (name: string) =>
  Number(
    properties('AWS::Lambda::Function').find(({ FunctionName }) => FunctionName === name)
      ?.MemorySize,
  ) / 1024;
const minutes = properties('AWS::Events::Rule').map(({ ScheduleExpression }) =>
  Number(/^rate\((\d+) minutes\)$/.exec(String(ScheduleExpression))?.[1]),
);

const fixed = {
  alarms: properties('AWS::CloudWatch::Alarm').length,
  // those of each cluster exist only where CSRs of the certificates API are signed
  metrics: Object.values(METRICS).filter((metric) => !('perCluster' in metric)).length,
  queues: properties('AWS::Lambda::EventSourceMapping').length,
  reconcileSeconds: 60 * (minutes.find((value) => value > 0) ?? Number.NaN),
  memory: {
    triage: memoryOf('cakeless-triage'),
    sign: memoryOf('cakeless-sign'),
    reconcile: memoryOf('cakeless-reconcile'),
    watch: memoryOf('cakeless-watch-signatures'),
  },
};
const page = readFileSync('docs/cost.md', 'utf8');

it('the template has the values that the model needs', () => {
  expect(fixed).toEqual({
    alarms: expect.any(Number),
    metrics: expect.any(Number),
    queues: 2,
    reconcileSeconds: 300,
    memory: { triage: 0.5, sign: 1, reconcile: 0.5, watch: 0.5 },
  });
  expect(fixed.alarms).toBeGreaterThan(5);
});

it('the table on the page is what the model computes', () => {
  expect(page).toContain(`\n${costTable(fixed)}\n`);
});

it('the table of kubelets on the page is what the model computes', () => {
  expect(page).toContain(`\n${kubeletTable(fixed)}\n`);
});

it('the price of a certificate and the fixed costs of the page are those of the model', () => {
  expect(page).toContain(`$${(1_000 * costPerCertificate(fixed)).toFixed(2)} for a thousand`);
  expect(page).toContain(
    `$${(1_000 * costPerCertificate(fixed, CALLS_PER_CSR)).toFixed(2)} for a thousand CSRs`,
  );
  expect(reportsCostPerCluster()).toBeLessThan(0.005);
  expect(page).toContain('less than half a\n  cent for a cluster');
  expect(page).toContain(`${fixed.alarms} alarms and ${fixed.metrics} metrics`);
});
