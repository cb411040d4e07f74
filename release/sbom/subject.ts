/** What a bill of materials is about. */
import type { EmbeddedNode } from '../embedded-node.ts';
import type { Revision } from '../revision.ts';
import type { Component } from './components.ts';

export interface Subject {
  readonly revision: Revision;
  readonly components: readonly Component[];
  /** In the executables only. */
  readonly node: EmbeddedNode;
}

/** The same release always has the same identifier: derived from the commit (RFC 9562, version 8). */
export function releaseUuid({ commit }: Revision): string {
  const hex = commit.slice(0, 32);
  const part = (from: number, to: number) => hex.slice(from, to);
  return `${part(0, 8)}-${part(8, 12)}-8${part(13, 16)}-a${part(17, 20)}-${part(20, 32)}`;
}

export const NODE_COMMENT = 'in the executables and in the packages that contain them';
