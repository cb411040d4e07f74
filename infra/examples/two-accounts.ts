/**
 * Keys in the security team's account, the service in the platform team's. The key policies name
 * the roles before they exist, so the keys are deployed first:
 *
 *   1. security team: cdk deploy CakelessKeys        outputs the ARNs of the keys
 *   2. platform team: cdk deploy Cakeless -c ca=ARN -c etcd-ca=ARN -c front-proxy-ca=ARN \
 *        -c kubelet-ca=ARN
 */
import { type App, CfnOutput, Stack } from 'aws-cdk-lib';
import {
  Alarms,
  type CaKeyArns,
  CaKeys,
  CakelessService,
  NodeAccess,
  TrustDomain,
} from '../index.ts';

export interface TwoAccountsProps {
  readonly securityAccount: string;
  readonly platformAccount: string;
  readonly region: string;
  /** As the first deployment prints them. @default only the stack with the keys is synthesized */
  readonly keys?: CaKeyArns | undefined;
  /** As `CakelessServiceProps.codeDir`. */
  readonly codeDir?: string;
}

const TRUST_DOMAIN = 'prod';
const NODES = ['cp-1.prod.example.com', 'cp-2.prod.example.com', 'cp-3.prod.example.com'];
const KEY_SPEC = 'ECC_NIST_P384';

export function twoAccounts(app: App, props: TwoAccountsProps): void {
  const { securityAccount, platformAccount, region, keys } = props;
  const keysStack = new Stack(app, 'CakelessKeys', { env: { account: securityAccount, region } });
  const roleArn = (name: string) =>
    `arn:aws:iam::${platformAccount}:role/cakeless/cakeless/functions/cakeless-${name}-${region}`;
  const caKeys = new CaKeys(keysStack, 'Keys', {
    trustDomain: TRUST_DOMAIN,
    keySpec: KEY_SPEC,
    signRoleArn: roleArn('sign'),
    createCaRoleArn: roleArn('create-ca'),
  });
  for (const [ca, value = ''] of Object.entries(caKeys.arns))
    new CfnOutput(keysStack, `Arn-${ca}`, { value });

  if (!keys) return;
  const platform = new Stack(app, 'Cakeless', { env: { account: platformAccount, region } });
  const service = new CakelessService(platform, 'Service', { codeDir: props.codeDir });
  new TrustDomain(platform, TRUST_DOMAIN, { service, name: TRUST_DOMAIN, keys, keySpec: KEY_SPEC });
  new NodeAccess(platform, 'Nodes', {
    service,
    cluster: 'prod',
    assumedBy: ['ec2.amazonaws.com'],
    nodes: NODES,
    controlPlanes: NODES,
  });
  new Alarms(platform, 'Alarms', { service });
}
