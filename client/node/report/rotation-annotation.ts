/**
 * The annotation of a Node by which a node without AWS says how far it has followed a rotation. Its kubelet can write it,
 * and the forwarder puts it into the report of the cluster.
 */
export const ROTATION_ANNOTATION = 'cakeless.io/rotation';

export interface RotationAnnotation {
  /** Of the rotation.json that the node followed; absent if it has seen none. */
  readonly sequence?: number;
  /** Digests of the CA certificates in ca.crt and in kubelet.conf, in their order. */
  readonly caFile: readonly string[];
  readonly kubeconfig: readonly string[];
  /** Whether the kubelet has started since they changed. */
  readonly restarted: boolean;
}

/** A merge patch of the Node. */
export const annotationPatch = (annotation: RotationAnnotation) => ({
  metadata: { annotations: { [ROTATION_ANNOTATION]: JSON.stringify(annotation) } },
});
