import { METRICS } from '../../lib/metric-names.ts';
import { firstColumnOf } from '../docs/marked-table.ts';
import { ofType, synthesize } from '../support/synthesize.ts';

const TOPIC = 'arn:aws:sns:eu-central-1:123456789012:alarms';
const resources = synthesize({
  alarms: { topicArn: TOPIC, renewalsStoppedDays: 7 },
  clusters: [{ name: 'prod', csrSigningSilentHours: 24 }, { name: 'quiet' }],
});
const alarms = new Map(
  ofType(resources, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => [
    JSON.stringify(Properties.AlarmName).match(/cakeless-([a-z-]+?)-"/)?.[1] ?? '',
    Properties,
  ]),
);

it.each([
  ['docs/deployment.md lists', 'docs/deployment.md', 'alarms'],
  ['docs/operators-guide.md says what to do about', 'docs/operators-guide.md', 'first steps'],
])('%s every alarm, and no other', (_, page, mark) => {
  const explained = firstColumnOf(page, mark);
  expect(explained.length).toBeGreaterThan(20);
  const names = [...alarms.keys()].map((name) => name.replace(/-prod$/, '-<cluster>'));
  expect(names.sort()).toEqual(explained.sort());
});

it('every alarm notifies the topic when it goes off and when it is over, and says what is wrong', () => {
  for (const alarm of alarms.values()) {
    expect(alarm.AlarmActions).toEqual([TOPIC]);
    expect(alarm.OKActions).toEqual([TOPIC]);
    expect(alarm.AlarmDescription.length).toBeGreaterThan(30);
  }
});

it('alarms watch only metrics that the functions write', () => {
  const known = Object.values(METRICS).map(({ name, service }) => `${name} of ${service}`);
  const used = [...alarms.values()]
    .filter(({ Namespace }) => Namespace === 'Cakeless')
    .map(({ MetricName, Dimensions }) => `${MetricName} of ${Dimensions.at(-1).Value}`);
  expect(used.length).toBeGreaterThan(10);
  expect(used.filter((metric) => !known.includes(metric))).toEqual([]);
});

it.each([
  [
    'renewals-have-stopped',
    { Threshold: 0, EvaluationPeriods: 7, Period: 86400, Statistic: 'Sum' },
  ],
  [
    'csr-signing-silent-prod',
    {
      Threshold: 0,
      EvaluationPeriods: 24,
      Period: 3600,
      Statistic: 'Sum',
      MetricName: 'CsrIssued',
      Dimensions: [
        { Name: 'cluster', Value: 'prod' },
        { Name: 'service', Value: 'sign' },
      ],
    },
  ],
  ['daily-check-missing', { Threshold: 0, EvaluationPeriods: 2, Statistic: 'SampleCount' }],
  ['request-age', { Threshold: 900, EvaluationPeriods: 3, Statistic: 'Maximum' }],
])('%s goes off if data is missing', (name, wanted) => {
  expect(alarms.get(name)).toMatchObject({ ...wanted, TreatMissingData: 'breaching' });
});

it('no alarm covers more than the seven days that CloudWatch allows', () => {
  for (const { EvaluationPeriods, Period } of alarms.values())
    expect(EvaluationPeriods * Period).toBeLessThanOrEqual(7 * 24 * 3600);
});

it('without a topic no alarm has actions, and without a number of days or hours there is no alarm for silence', () => {
  const quiet = ofType(synthesize({}), 'AWS::CloudWatch::Alarm').map(([, r]) => r.Properties);
  expect(quiet).toHaveLength(alarms.size - 2);
  for (const alarm of quiet) expect(alarm).not.toHaveProperty('AlarmActions');
});

it('the dashboard shows the metrics of requests, keys, expiry and what nodes read', () => {
  const [[, dashboard] = []] = ofType(resources, 'AWS::CloudWatch::Dashboard');
  const body = JSON.stringify(dashboard?.Properties.DashboardBody);
  for (const { name } of [
    METRICS.issued,
    METRICS.rejected,
    METRICS.csrIssued,
    METRICS.failure,
    METRICS.kmsThrottled,
    METRICS.approvalsWaiting,
    METRICS.oldestRequestAge,
    METRICS.certificatesNearExpiry,
    METRICS.caKeysOnNodes,
    METRICS.caDaysLeft,
    METRICS.signatureWithoutRecord,
    METRICS.trustMisfit,
  ])
    expect(body).toContain(name);
});
