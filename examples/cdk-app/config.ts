import type { CakelessConfig } from 'cakeless/infra';

/** One trust domain for a cluster of three control planes on EC2, and people with a role each. */
export const config: CakelessConfig = {
  account: '111122223333',
  region: 'eu-central-1',
  trustDomains: [{ name: 'prod', keySpec: 'ECC_NIST_P384', requiredApprovals: 2 }],
  clusters: [
    {
      name: 'prod',
      nodes: {
        assumedBy: ['ec2.amazonaws.com'],
        names: ['cp-1.prod.example.com', 'cp-2.prod.example.com', 'cp-3.prod.example.com'],
        controlPlanes: ['cp-1.prod.example.com', 'cp-2.prod.example.com', 'cp-3.prod.example.com'],
      },
    },
  ],
  operators: { assumedBy: ['arn:aws:iam::111122223333:role/platform'] },
  approvers: { assumedBy: ['444455556666'], sessionName: 'aws:username', mfa: true },
  auditors: { assumedBy: ['444455556666'] },
  alarms: { topicArn: 'arn:aws:sns:eu-central-1:111122223333:on-call' },
};
