/** The same service, built from its constructs in another stack: cdk synth --app 'npx tsx own-stack.ts' */
import { App, Stack } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import {
  Alarms,
  CakelessService,
  Dashboard,
  NodeAccess,
  newApproverRole,
  newOperatorRole,
  TrustDomain,
} from 'cakeless/infra';

const stack = new Stack(new App(), 'Platform');
const onCall = new Topic(stack, 'OnCall');

const service = new CakelessService(stack, 'Cakeless', { maxConcurrency: 10 });
new TrustDomain(stack, 'prod', { service, name: 'prod', keySpec: 'ECC_NIST_P384' });
// a broker that knows its nodes assumes this role, with the session tags cluster, node and role
new NodeAccess(stack, 'Nodes', {
  service,
  assumedBy: ['arn:aws:iam::111122223333:role/node-broker'],
});
newOperatorRole(stack, 'Operator', service, {
  assumedBy: ['arn:aws:iam::111122223333:role/platform'],
});
newApproverRole(stack, 'Approver', service, {
  assumedBy: ['444455556666'],
  sessionName: 'aws:username',
});
const alarms = new Alarms(stack, 'Alarms', { service, topicArn: onCall.topicArn });
new Dashboard(stack, 'Dashboard', { service, alarms });
