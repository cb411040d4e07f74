/**
 * Components of this node for which a rotation waits: they have not read the CA certificates that are in their files, and no
 * run of `renew` changes that, because the files are right.
 */
import type { Component } from '../disk/components.ts';
import type { NodeFolders } from '../disk/places.ts';
import { manifestsFolder } from '../restart/manifest.ts';

export interface Waiting {
  readonly component: Component;
  readonly state: 'not-running' | 'not-restarted';
  /** When its CA files changed; absent if they do not exist. */
  readonly since?: string;
  readonly why: string;
  readonly fix: string;
}

const REPORTS = 'then run cakeless renew all, which reports it';

/** @param ahead a file that has changed in the future: the clock was ahead, so that each start seems to be before that */
export const notRestarted = (
  component: Component,
  startedAt: string,
  since: string,
  folders: NodeFolders,
  ahead?: string,
): Waiting => ({
  component,
  state: 'not-restarted',
  since,
  why: `${component} has run since ${startedAt}, but its CA files changed at ${since}, and it reads them only when it starts`,
  fix: `${ahead === undefined ? '' : `the clock of this node was ahead then: run touch ${ahead}, then `}${restarting(component, folders)}, ${REPORTS}`,
});

const restarting = (component: Component, folders: NodeFolders) =>
  component === 'kubelet'
    ? 'restart it with systemctl restart kubelet'
    : `restart it: move ${component}.yaml out of ${manifestsFolder(folders)} until its process is gone, and back`;

export const notRunning = (component: Component, since: string | undefined): Waiting => ({
  component,
  state: 'not-running',
  ...(since !== undefined && { since }),
  why: `${component} was not found among the processes of this node, so it is unknown whether it has read its CA files${since === undefined ? '' : `, which changed at ${since}`}`,
  fix: `${starting(component)}, ${REPORTS}`,
});

const starting = (component: Component) =>
  component === 'kubelet'
    ? 'find out with systemctl status kubelet why it does not run, and start it'
    : 'find out with crictl logs or in /var/log/pods why it does not run, and repair it';
