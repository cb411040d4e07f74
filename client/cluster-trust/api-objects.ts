/** The fields of Kubernetes objects that say who trusts which CA. All are optional here: others write most of them. */

export interface ApiMetadata {
  readonly name?: string;
  readonly namespace?: string;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly {
    readonly kind?: string;
    readonly name?: string;
    readonly controller?: boolean;
  }[];
  /** Who wrote which field when (meta/v1 ManagedFieldsEntry). */
  readonly managedFields?: readonly {
    readonly time?: string;
    readonly fieldsV1?: Readonly<Record<string, unknown>>;
  }[];
}

export interface ApiObject {
  readonly metadata?: ApiMetadata;
}

export interface ApiConfigMap extends ApiObject {
  readonly data?: Readonly<Record<string, string>>;
}

export interface ApiSecret extends ApiObject {
  readonly type?: string;
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
}

export interface ApiCondition {
  readonly type?: string;
  readonly status?: string;
}

export interface ApiNode extends ApiObject {
  readonly status?: {
    readonly conditions?: readonly ApiCondition[];
    readonly addresses?: readonly { readonly type?: string; readonly address?: string }[];
  };
}

/** core/v1 VolumeProjection and Volume, as far as they bring CA certificates. */
interface VolumeSource {
  readonly configMap?: { readonly name?: string };
  readonly clusterTrustBundle?: { readonly name?: string; readonly signerName?: string };
}

export interface ApiVolume extends VolumeSource {
  readonly name?: string;
  readonly projected?: { readonly sources?: readonly VolumeSource[] };
  readonly secret?: { readonly secretName?: string };
}

export interface ApiContainer {
  readonly name?: string;
  readonly volumeMounts?: readonly { readonly name?: string }[];
}

export interface ApiContainerStatus {
  readonly name?: string;
  readonly state?: { readonly running?: { readonly startedAt?: string } };
}

export interface ApiPod extends ApiObject {
  readonly spec?: {
    readonly volumes?: readonly ApiVolume[];
    readonly containers?: readonly ApiContainer[];
    readonly initContainers?: readonly ApiContainer[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly startTime?: string;
    readonly containerStatuses?: readonly ApiContainerStatus[];
    readonly initContainerStatuses?: readonly ApiContainerStatus[];
  };
}

interface ClientConfig {
  /** Base64 of PEM. */
  readonly caBundle?: string;
}

export interface ApiService extends ApiObject {
  readonly spec?: ClientConfig & { readonly service?: unknown };
  readonly status?: { readonly conditions?: readonly ApiCondition[] };
}

export interface ApiWebhooks extends ApiObject {
  readonly webhooks?: readonly { readonly clientConfig?: ClientConfig }[];
}

export interface ApiCrd extends ApiObject {
  readonly spec?: {
    readonly conversion?: { readonly webhook?: { readonly clientConfig?: ClientConfig } };
  };
}

/** Whether an object has a condition, and it is True. */
export const isTrue = (conditions: readonly ApiCondition[] | undefined, type: string): boolean =>
  conditions?.some((one) => one.type === type && one.status === 'True') ?? false;
