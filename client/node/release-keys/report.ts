/** What a release of CA keys, or its undoing, has done. */
import type { KeyCopies } from '../disk/key-copies.ts';
import type { RestartResult } from '../restart/restart.ts';

export interface ReleaseReport {
  readonly cluster: string;
  readonly node: string;
  readonly dryRun: boolean;
  /**
   * released: no CA key is left in its place, and kube-controller-manager does not sign. nothing: that was so before.
   * waiting: kube-controller-manager of this node no longer signs, but that of another node does. planned: a dry run.
   * undone: keys and flags are as they were.
   */
  readonly state: 'released' | 'nothing' | 'waiting' | 'planned' | 'undone';
  /** Signing flags that were, or would be, emptied; after `--undo`, those that have their values again. */
  readonly flags: readonly { readonly name: string; readonly value: string }[];
  /** Files that were, or would be, removed; after `--undo`, those that were written. */
  readonly keys: readonly string[];
  /** What shows that the service signs with these keys: certificates in place, by name. */
  readonly issuedByService: readonly string[];
  /** What shows that kubelets get certificates without kube-controller-manager, or why that is not needed. */
  readonly forwarder?: string | undefined;
  readonly sealed?:
    | {
        readonly file: string;
        readonly recipient: string;
        /** Of the file; absent in a dry run. */
        readonly sha256?: string;
      }
    | undefined;
  readonly restarts: readonly RestartResult[];
  /** Of a dry run: why the command would refuse. */
  readonly refusals: readonly string[];
  readonly copies: KeyCopies;
}
