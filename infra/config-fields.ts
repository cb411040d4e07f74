/** The configuration of a `CakelessStack`, as it is written. docs/deployment.md explains each field. */
import type { CaOrigin } from '../lib/contract/ca-origin.ts';
import type { CaKeySpec } from '../lib/signing/signing-algorithm.ts';
import type { CaKeyArns, CasSettings } from './ca-plans.ts';
import type { RotationSettings } from './ca-rotations.ts';
import type { GuardiansProps } from './principal-arns.ts';
import type { ServiceOptions } from './service-options.ts';
import type { SessionConditions, Trusted } from './trusted.ts';

export interface CakelessConfig extends GuardiansProps, ServiceOptions {
  /** 12 digits. @default the account that is deployed to */
  readonly account?: string | undefined;
  /** @default the region that is deployed to */
  readonly region?: string | undefined;
  /** The sets of CAs. @default none */
  readonly trustDomains?: readonly TrustDomainConfig[] | undefined;
  /** Clusters whose nodes and users get roles. @default none */
  readonly clusters?: readonly ClusterConfig[] | undefined;
  /** A single role for the nodes of many clusters. @default none */
  readonly fleet?: FleetConfig | undefined;
  /** @default no role */
  readonly operators?: PeopleConfig | undefined;
  /** @default no role */
  readonly approvers?: PeopleConfig | undefined;
  /** @default no role */
  readonly auditors?: PeopleConfig | undefined;
  /** Who imports CA keys of existing clusters; only while one is adopted. @default no role */
  readonly importers?: PeopleConfig | undefined;
  readonly alarms?: AlarmsConfig | undefined;
  /** Who may change key policies and enable keys, as patterns of principal ARNs. @default the `deployers` */
  readonly keyAdministrators?: readonly string[] | undefined;
  /** Whether the stack is protected from deletion. @default true */
  readonly terminationProtection?: boolean | undefined;
  /** 14 or more. @default 90 */
  readonly requestExpirationDays?: number | undefined;
  /** A number of days that CloudWatch Logs offers. @default 365 */
  readonly logRetentionDays?: number | undefined;
}

export interface TrustDomainConfig {
  /** RFC 1123 subdomain, as in cluster records. */
  readonly name: string;
  /** Of the CAs for which `cas` has no other. @default ECC_NIST_P256 */
  readonly keySpec?: CaKeySpec | undefined;
  /** Of the CAs for which `cas` has no other; `kubelet-ca` is always made. It cannot be changed later. @default made */
  readonly origin?: CaOrigin | undefined;
  /** The CAs that the trust domain has, with what differs for each. @default those that have a key in `keys`, or all */
  readonly cas?: CasSettings | undefined;
  /** Lifetime of the CA certificates that are created. @default 3650 */
  readonly validityDays?: number | undefined;
  /** Whether the keys can be replicated to other regions. It cannot be changed later. @default false */
  readonly multiRegion?: boolean | undefined;
  /** ARNs of existing keys; the trust domain has these CAs. @default a key is created for each CA */
  readonly keys?: CaKeyArns | undefined;
  /** Keys for new versions of CAs, one for each rotation. @default none */
  readonly rotations?: readonly RotationSettings[] | undefined;
  /** `false` leaves the CA certificates to an operator, for a ceremony. @default true */
  readonly createCertificates?: boolean | undefined;
  /** The longest validity of a certificate, as a duration such as `720h`. @default 8760h */
  readonly maxValidityPeriod?: string | undefined;
  /** How many approvers must approve what needs an approval, 1 to 10. @default 1 */
  readonly requiredApprovals?: number | undefined;
}

export interface ClusterConfig {
  readonly name: string;
  /** @default no role */
  readonly nodes?: NodesConfig | undefined;
  /** People who request user certificates. @default no role */
  readonly users?: PeopleConfig | undefined;
  /** Forwarders of the certificates API that run elsewhere than on control planes. @default no role */
  readonly forwarders?: ForwardersConfig | undefined;
  /** Raise an alarm if no CSR of the certificates API was signed for 1 to 168 hours. @default no such alarm */
  readonly csrSigningSilentHours?: number | undefined;
  /** People who invite or relay for nodes without AWS credentials. @default no role */
  readonly relays?: PeopleConfig | undefined;
}

export interface NodesConfig {
  readonly assumedBy: readonly Trusted[];
  /** A role for each of these nodes. @default one role for all; session tags name the node */
  readonly names?: readonly string[] | undefined;
  /** Those of `names` that are control-plane nodes. @default none */
  readonly controlPlanes?: readonly string[] | undefined;
  /** How many nested stacks the roles of `names` are spread over. @default none: the roles are in the stack itself */
  readonly nestedStacks?: number | undefined;
  /** Principal tag that names the node if all share a role. @default node */
  readonly nodeTag?: string | undefined;
  /** Principal tag that is `control-plane` for control-plane nodes if all share a role. @default role */
  readonly roleTag?: string | undefined;
}

export interface FleetConfig {
  readonly assumedBy: readonly Trusted[];
  /** Principal tag that names the cluster. @default cluster */
  readonly clusterTag?: string | undefined;
  /** @default node */
  readonly nodeTag?: string | undefined;
  /** @default role */
  readonly roleTag?: string | undefined;
}

export interface ForwardersConfig {
  readonly assumedBy: readonly Trusted[];
  /** More conditions of the trust policy. @default none */
  readonly conditions?: SessionConditions | undefined;
}

export interface PeopleConfig {
  readonly assumedBy: readonly Trusted[];
  /** Policy variable whose value must be the session's name. @default any name */
  readonly sessionName?: string | undefined;
  /** Whether the caller must have used a second factor. @default false */
  readonly mfa?: boolean | undefined;
  /** More conditions of the trust policy. @default none */
  readonly conditions?: SessionConditions | undefined;
}

export interface AlarmsConfig {
  /** SNS topic to notify, in the region that is deployed to. @default none */
  readonly topicArn?: string | undefined;
  /** Raise an alarm if nothing was issued for 1 to 7 days. @default no such alarm */
  readonly renewalsStoppedDays?: number | undefined;
}
