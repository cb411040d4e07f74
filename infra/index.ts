/** The constructs, for use in your own CDK app (`cakeless/infra` in the package). docs/deployment.md explains them. */
export { Alarms, type AlarmsProps } from './alarms.ts';
export { type CaKeyArns, CaKeys, type CaKeysProps } from './ca-keys.ts';
export { CakelessService, type CakelessServiceProps } from './cakeless-service.ts';
export { CakelessStack, type CakelessStackProps } from './cakeless-stack.ts';
export type {
  AlarmsConfig,
  CakelessConfig,
  ClusterConfig,
  FleetConfig,
  ForwardersConfig,
  NodesConfig,
  PeopleConfig,
  TrustDomainConfig,
} from './config-fields.ts';
export { Dashboard, type DashboardProps } from './dashboard.ts';
export { ForwarderAccess, type ForwarderAccessProps } from './forwarder-access.ts';
export { NodeAccess, type NodeAccessProps } from './node-access.ts';
export {
  newApproverRole,
  newAuditorRole,
  newImporterRole,
  newOperatorRole,
  newRelayRole,
  newUserRole,
  type People,
} from './people.ts';
export { TrustDomain, type TrustDomainProps } from './trust-domain.ts';
