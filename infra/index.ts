/** The constructs, for use in your own CDK app (`cakeless/infra` in the package). docs/deployment.md explains them. */
export type { CaOrigin } from '../lib/contract/ca-origin.ts';
export { Alarms, type AlarmsProps } from './alarms.ts';
export { CaKeys, type CaKeysProps } from './ca-keys.ts';
export type { CaKeyArns, CaSettings, CasSettings } from './ca-plans.ts';
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
