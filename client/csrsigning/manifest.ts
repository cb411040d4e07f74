/**
 * The forwarder as pods, for those who build an image (release/Containerfile): the second way, since pods need a
 * kubelet with a valid certificate.
 */
import { CSRSIGNING_CONF } from '../../lib/profiles/certificate-names.ts';

/** Where health, readiness and metrics are; on the loopback address only. */
export const HEALTH_PORT = 10_267;

export interface ManifestOptions {
  /** The image that was built with release/Containerfile. */
  readonly image: string;
}

/**
 * A DaemonSet, not a Deployment: each control plane forwards what its kubelet requests, with the AWS credentials of
 * that node, and no other pod can do that for it.
 */
export const manifestYaml = ({
  image,
}: ManifestOptions): string => `# cakeless csrsigning on each control plane, instead of the unit of cakeless install-csrsigning: use one of them.
# The permissions are separate: cakeless csrsigning --rbac
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: cakeless-csrsigning
  namespace: kube-system
  labels:
    app.kubernetes.io/name: cakeless-csrsigning
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: cakeless-csrsigning
  template:
    metadata:
      labels:
        app.kubernetes.io/name: cakeless-csrsigning
    spec:
      nodeSelector:
        node-role.kubernetes.io/control-plane: ""
      tolerations:
        - key: node-role.kubernetes.io/control-plane
          effect: NoSchedule
        - key: node-role.kubernetes.io/master
          effect: NoSchedule
      priorityClassName: system-node-critical
      # the node's AWS credentials, its own API server, and no need of a network plugin or of CoreDNS
      hostNetwork: true
      dnsPolicy: Default
      # its identity is ${CSRSIGNING_CONF}
      automountServiceAccountToken: false
      containers:
        - name: csrsigning
          image: ${JSON.stringify(image)}
          # with the credentials of the node that it runs on
          args: ["csrsigning", "--node", "$(NODE_NAME)"]
          env:
            - name: NODE_NAME
              valueFrom:
                fieldRef:
                  fieldPath: spec.nodeName
          # AWS credentials for control planes without an instance role
          envFrom:
            - secretRef:
                name: cakeless-csrsigning
                optional: true
          resources:
            requests:
              cpu: 10m
              memory: 100Mi
            limits:
              memory: 256Mi
          livenessProbe:
            httpGet:
              host: 127.0.0.1
              port: ${HEALTH_PORT}
              path: /healthz
            initialDelaySeconds: 10
            timeoutSeconds: 15
          readinessProbe:
            httpGet:
              host: 127.0.0.1
              port: ${HEALTH_PORT}
              path: /readyz
            timeoutSeconds: 15
          securityContext:
            # only root can read the kubeconfig
            runAsUser: 0
            runAsGroup: 0
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: ["ALL"]
            seccompProfile:
              type: RuntimeDefault
          volumeMounts:
            - name: kubernetes
              mountPath: /etc/kubernetes
              readOnly: true
      volumes:
        # the folder: a mounted file would stay the old one when a renewal replaces it
        - name: kubernetes
          hostPath:
            path: /etc/kubernetes
            type: Directory
`;
