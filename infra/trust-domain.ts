import { CustomResource, Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { CA_NAMES } from '../lib/profiles/certificate-names.ts';
import type { CaKeySpec } from '../lib/signing/signing-algorithm.ts';
import { type CaKeyArns, CaKeys, type CaKeysProps, DEFAULT_KEY_SPEC } from './ca-keys.ts';
import type { CakelessService } from './cakeless-service.ts';

export interface TrustDomainProps
  extends Pick<CaKeysProps, 'keySpec' | 'multiRegion' | 'keyAdministrators' | 'breakGlass'> {
  readonly service: CakelessService;
  /** RFC 1123 subdomain. Clusters that share a trust domain accept each other's client certificates. */
  readonly name: string;
  /**
   * ARNs of existing keys, such as keys in another account or imported keys. `keySpec` must match them, because it
   * determines which signing algorithm is allowed.
   * The trust domain has the CAs that have a key here; `ca` is required.
   * @default the construct creates a key for each CA
   */
  readonly keys?: CaKeyArns | undefined;
  /** Lifetime of the CA certificates in days. @default 3650, as kubeadm's caCertificateValidityPeriod */
  readonly validityDays?: number | undefined;
  /**
   * Whether the deployment creates the CA certificates. If not, an operator does, with `cakeless trust-domain create` and
   * the same keys: for a ceremony with witnesses. @default true
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
    const keySpec: CaKeySpec = props.keySpec ?? DEFAULT_KEY_SPEC;
    this.keys =
      props.keys ??
      new CaKeys(this, 'Keys', {
        ...props,
        trustDomain: name,
        keySpec,
        signRoleArn: service.sign.role.roleArn,
        createCaRoleArn: service.createCa.role.roleArn,
      }).arns;
    const arns = CA_NAMES.flatMap((ca) => this.keys[ca] ?? []);
    service.grantCaKeys(arns, keySpec);
    service.guardWatch.watchKeys(name, arns);
    if (props.createCertificates ?? true) this.#createCertificates(props);
  }

  #createCertificates({ service, name, validityDays }: TrustDomainProps): void {
    new CustomResource(this, 'Certificates', {
      resourceType: 'Custom::CakelessTrustDomain',
      serviceToken: service.createCa.function.functionArn,
      serviceTimeout: CREATION_TIMEOUT,
      properties: {
        trustDomain: name,
        keys: this.keys,
        ...(validityDays !== undefined && { validityDays }),
      },
    }).node.addDependency(service.createCa, service.exchange, service.authority);
  }
}
