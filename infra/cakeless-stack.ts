import { Annotations, CfnOutput, Duration, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { Alarms } from './alarms.ts';
import { CakelessService } from './cakeless-service.ts';
import { setFlags } from './cdk-flags.ts';
import { type Config, checkConfig } from './config.ts';
import type { CakelessConfig } from './config-fields.ts';
import { Dashboard } from './dashboard.ts';
import { ForwarderAccess } from './forwarder-access.ts';
import { EC2, NodeAccess } from './node-access.ts';
import {
  newApproverRole,
  newAuditorRole,
  newImporterRole,
  newOperatorRole,
  newRelayRole,
  newUserRole,
} from './people.ts';
import { retentionOf } from './retention.ts';
import { TrustDomain } from './trust-domain.ts';

export interface CakelessStackProps extends Pick<StackProps, 'synthesizer'> {
  readonly config: CakelessConfig;
  /** As `CakelessServiceProps.codeDir`. */
  readonly codeDir?: string;
}

/** A service with its trust domains, nodes and people in one stack. Ids contain names, so existing resources keep them. */
export class CakelessStack extends Stack {
  readonly service: CakelessService;

  /** @throws Error that names every invalid field of the configuration */
  constructor(
    scope: Construct,
    id: string,
    { config: written, codeDir, ...props }: CakelessStackProps,
  ) {
    const config = checkConfig(written, id);
    super(scope, id, {
      ...props,
      description: 'Cakeless: signs the certificates of kubeadm clusters with CA keys in KMS',
      // CloudFormation accepts 1 MB; with indentation only half as many trust domains would fit.
      suppressTemplateIndentation: true,
      // Without the stack nothing is signed, and what stays has to be imported again.
      terminationProtection: config.terminationProtection ?? true,
      env: {
        ...(config.account !== undefined && { account: config.account }),
        ...(config.region !== undefined && { region: config.region }),
      },
    });
    setFlags(this);
    Tags.of(this).add('cakeless', config.namePrefix ?? 'cakeless');
    this.service = new CakelessService(this, 'Service', {
      ...config,
      codeDir,
      trustDomainRules: config.trustDomains,
      requestExpiration: Duration.days(config.requestExpirationDays ?? 90),
      logRetention: retentionOf(config.logRetentionDays),
    });
    this.#addTrustDomains(config);
    this.#addNodes(config);
    this.#addForwarders(config);
    this.#addPeople(config);
    const alarms = new Alarms(this, 'Alarms', {
      ...config.alarms,
      csrSigningSilentHours: Object.fromEntries(
        config.clusters.map(({ name, csrSigningSilentHours }) => [name, csrSigningSilentHours]),
      ),
      service: this.service,
    });
    new Dashboard(this, 'Dashboard', { service: this.service, alarms });
    if (config.alarms?.topicArn === undefined)
      Annotations.of(this).addWarningV2(
        'cakeless:alarms-tell-nobody',
        'alarms.topicArn is not set: nobody is told when an alarm goes off',
      );
    this.#addOutputs();
  }

  #addTrustDomains({ trustDomains, deployers, keyAdministrators, breakGlass }: Config): void {
    for (const domain of trustDomains)
      new TrustDomain(this, `TrustDomain-${domain.name}`, {
        ...domain,
        keyAdministrators: keyAdministrators ?? deployers,
        breakGlass,
        service: this.service,
      });
  }

  #addNodes({ clusters, fleet }: Config): void {
    for (const { name, nodes } of clusters) {
      if (!nodes) continue;
      const access = new NodeAccess(this, `Nodes-${name}`, {
        service: this.service,
        cluster: name,
        ...nodes,
        nodes: nodes.names,
      });
      addOutputsOfNodes(access, name, nodes.assumedBy);
      if (nodes.names && nodes.controlPlanes === undefined)
        Annotations.of(this).addWarningV2(
          `cakeless:no-control-planes-${name}`,
          `cluster ${name}: nodes.controlPlanes is not set: none of these nodes may write the restart lease, so cakeless renew cannot restart control planes; [] says that all are workers`,
        );
    }
    if (fleet) {
      const access = new NodeAccess(this, 'Fleet', { ...fleet, service: this.service });
      new CfnOutput(access, 'RoleArn', { value: access.roles['*']?.roleArn ?? '' });
    }
  }

  #addForwarders({ clusters }: Config): void {
    for (const { name, forwarders } of clusters) {
      if (!forwarders) continue;
      const access = new ForwarderAccess(this, `Forwarders-${name}`, {
        ...forwarders,
        service: this.service,
        cluster: name,
      });
      new CfnOutput(access, 'RoleArn', { value: access.role.roleArn });
      if (access.instanceProfile)
        new CfnOutput(access, 'InstanceProfileName', {
          value: access.instanceProfile.instanceProfileName,
        });
    }
  }

  #addPeople({ operators, approvers, auditors, importers, clusters }: Config): void {
    const { service } = this;
    const roles = {
      OperatorRole: operators && newOperatorRole(this, 'Operator', service, operators),
      ApproverRole: approvers && newApproverRole(this, 'Approver', service, approvers),
      AuditorRole: auditors && newAuditorRole(this, 'Auditor', service, auditors),
      ImporterRole: importers && newImporterRole(this, 'Importer', service, importers),
    };
    for (const [id, role] of Object.entries(roles))
      if (role) new CfnOutput(this, `${id}Arn`, { value: role.roleArn });
    for (const { name, users, relays } of clusters)
      for (const role of [
        users && newUserRole(this, `Users-${name}`, service, name, users),
        relays && newRelayRole(this, `Relays-${name}`, service, name, relays),
      ])
        if (role) new CfnOutput(role, 'RoleArn', { value: role.roleArn });
  }

  #addOutputs(): void {
    const { exchange, authority, queues } = this.service;
    const { triage, sign, createCa, reconcile, watchSignatures } = this.service;
    const outputs = {
      ExchangeBucket: exchange.bucket.bucketName,
      AuthorityBucket: authority.bucket.bucketName,
      UploadQueueUrl: queues.uploads.queueUrl,
      RequestQueueUrl: queues.requests.queueUrl,
      DeadLetterQueueUrl: queues.deadLetters.queueUrl,
      TriageFunction: triage.function.functionName,
      SignFunction: sign.function.functionName,
      CreateCaFunction: createCa.function.functionName,
      ReconcileFunction: reconcile.function.functionName,
      WatchSignaturesFunction: watchSignatures.function.functionName,
    };
    for (const [id, value] of Object.entries(outputs)) new CfnOutput(this, id, { value });
  }
}

/**
 * What those who assume the roles need: EC2 the name of an instance profile, others the ARN of a role. Not both for EC2
 * alone: a stack has 200 outputs. The ids of outputs cannot contain the names of nodes as they are; the descriptions do.
 */
function addOutputsOfNodes(
  access: NodeAccess,
  cluster: string,
  assumedBy: readonly string[],
): void {
  const arns = assumedBy.some((principal) => principal !== EC2);
  for (const [node, role] of Object.entries(access.roles)) {
    const scope = scopeOfOutput(access, role);
    const whose = node === '*' ? `nodes of ${cluster}` : `node ${node} of ${cluster}`;
    const profile = access.instanceProfiles[node];
    if (profile)
      new CfnOutput(scope, `InstanceProfile-${node}`, {
        description: `instance profile of ${whose}`,
        value: profile.instanceProfileName,
      });
    if (arns)
      new CfnOutput(scope, `RoleArn-${node}`, {
        description: `role of ${whose}`,
        value: role.roleArn,
      });
  }
}

/** A nested stack has the outputs about its own roles: an output here would make it export them. */
function scopeOfOutput(access: NodeAccess, role: Role): Construct {
  const stack = Stack.of(role);
  return stack === Stack.of(access) ? access : stack;
}
