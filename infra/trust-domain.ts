import { CustomResource, Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { CaName } from '../lib/profiles/certificate-names.ts';
import { CaKeys, type CaKeysProps } from './ca-keys.ts';
import { type CaKeyArns, type CasProps, caPlansOf, createdCas, problemsOfCas } from './ca-plans.ts';
import { problemsOfRotations, type RotationsProps, rotationPlansOf } from './ca-rotations.ts';
import type { CakelessService } from './cakeless-service.ts';

export interface TrustDomainProps
  extends CasProps,
    RotationsProps,
    Pick<CaKeysProps, 'multiRegion' | 'keyAdministrators' | 'breakGlass' | 'importers'> {
  readonly service: CakelessService;
  /** RFC 1123 subdomain. Clusters that share a trust domain accept each other's client certificates. */
  readonly name: string;
  /**
   * ARNs of existing keys, such as keys in another account. The key specs must match them, because they determine which
   * signing algorithm is allowed.
   * The trust domain has the CAs that have a key here; `ca` is required.
   * @default the construct creates a key for each CA
   */
  readonly keys?: CaKeyArns | undefined;
  /** Lifetime of the CA certificates in days. @default 3650, as kubeadm's caCertificateValidityPeriod */
  readonly validityDays?: number | undefined;
  /**
   * Whether the deployment creates the CA certificates. If not, an operator does, with `cakeless trust-domain create` and
   * the same keys: for a ceremony with witnesses. Those of subordinate CAs come from an outside CA, and `cakeless
   * trust-domain import-certificate` takes them. @default true; false if `ca` is subordinate, or if a CA is adopted,
   * because its certificate is that of a cluster, and `cakeless trust-domain adopt` takes it over
   */
  readonly createCertificates?: boolean | undefined;
}

/** Creating the certificates takes seconds; new permissions can take minutes to take effect everywhere. */
const CREATION_TIMEOUT = Duration.minutes(10);

/**
 * The CAs of a trust domain: keys, permission for the functions to sign with them, and CA certificates, created
 * once. An existing CA is never changed or deleted: a deployment that would change it fails and says why.
 */
export class TrustDomain extends Construct {
  readonly keys: CaKeyArns;

  constructor(scope: Construct, id: string, props: TrustDomainProps) {
    super(scope, id);
    const { service, name } = props;
    const problems = [...problemsOfCas(props), ...problemsOfRotations(props)];
    if (problems.length > 0) throw new Error(problems.join('\n'));
    const created = props.keys === undefined ? this.#newKeys(props) : undefined;
    this.keys = props.keys ?? (created?.arns as CaKeyArns);
    const first = caPlansOf(props).flatMap(({ ca, ...plan }) => {
      const arn = this.keys[ca];
      return arn === undefined ? [] : [{ ...plan, arn }];
    });
    const given = rotationPlansOf(props).flatMap(({ key, ...plan }) =>
      key === undefined ? [] : [{ ...plan, arn: key }],
    );
    const keys = [...first, ...given, ...(created?.rotations ?? [])];
    service.grantCaKeys(keys);
    service.guardWatch.watchKeys(
      name,
      keys.map(({ arn }) => arn),
    );
    const cas = createdCas(props);
    if (cas.length > 0) this.#createCertificates(props, cas);
  }

  #newKeys({ service, name, ...props }: TrustDomainProps): CaKeys {
    return new CaKeys(this, 'Keys', {
      ...props,
      trustDomain: name,
      signRoleArn: service.sign.role.roleArn,
      createCaRoleArn: service.createCa.role.roleArn,
    });
  }

  #createCertificates(
    { service, name, validityDays }: TrustDomainProps,
    cas: readonly CaName[],
  ): void {
    const keys = Object.entries(this.keys).filter(([ca]) => cas.some((one) => one === ca));
    new CustomResource(this, 'Certificates', {
      resourceType: 'Custom::CakelessTrustDomain',
      serviceToken: service.createCa.function.functionArn,
      serviceTimeout: CREATION_TIMEOUT,
      properties: {
        trustDomain: name,
        keys: Object.fromEntries(keys),
        ...(validityDays !== undefined && { validityDays }),
      },
    }).node.addDependency(service.createCa, service.exchange, service.authority);
  }
}
