import { Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { AlarmPlan } from './alarm-plan.ts';
import type { CakelessService } from './cakeless-service.ts';
import { expiryPlans, requestPlans, silentPlans, stoppedPlans } from './request-alarms.ts';
import { functionPlans, guardPlans, queuePlans } from './resource-alarms.ts';

export interface AlarmsProps {
  readonly service: CakelessService;
  /** SNS topic that is notified when an alarm goes off, and when it is over. @default no notification */
  readonly topicArn?: string | undefined;
  /**
   * Raise an alarm if nothing was issued for this many days, 7 at most (CloudWatch's limit). Which number is right depends
   * on the fleet: with few nodes and yearly renewals, weeks without one are normal. @default no such alarm
   */
  readonly renewalsStoppedDays?: number | undefined;
  /**
   * By cluster, for how many hours no CSR of the certificates API was signed, 168 at most. Which number is right depends on
   * the number of kubelets and on their certificates' lifetime. @default no such alarm
   */
  readonly csrSigningSilentHours?: Readonly<Record<string, number | undefined>> | undefined;
}

const { GREATER_THAN_OR_EQUAL_TO_THRESHOLD, LESS_THAN_OR_EQUAL_TO_THRESHOLD } =
  cloudwatch.ComparisonOperator;

/** What someone has to act on. docs/operators-guide.md says how. */
export class Alarms extends Construct {
  readonly alarms: readonly cloudwatch.Alarm[];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const plans = [
      ...guardPlans(props.service),
      ...queuePlans(props.service),
      ...requestPlans(),
      ...expiryPlans(),
      ...functionPlans(props.service),
      ...stoppedPlans(props.renewalsStoppedDays),
      ...silentPlans(props.csrSigningSilentHours),
    ];
    this.alarms = plans.map((plan) => this.#newAlarm(plan, props));
  }

  #newAlarm(plan: AlarmPlan, { service, topicArn }: AlarmsProps): cloudwatch.Alarm {
    const alarm = new cloudwatch.Alarm(this, plan.id, {
      alarmName: `${service.namePrefix}-${plan.id}-${Stack.of(this).region}`,
      alarmDescription: plan.description,
      metric: plan.metric,
      threshold: plan.threshold,
      comparisonOperator: plan.atMost
        ? LESS_THAN_OR_EQUAL_TO_THRESHOLD
        : GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: plan.periods ?? 1,
      treatMissingData: plan.missing ?? cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    if (topicArn !== undefined) {
      const action = { bind: () => ({ alarmActionArn: topicArn }) };
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
    }
    return alarm;
  }
}
