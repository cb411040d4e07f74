/** A node that follows a rotation of `ca`, and is killed in one of its phases. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { exitCodeOf } from '../../../../client/commands/renew.ts';
import { recallRotation } from '../../../../client/node/state/rotation-memory.ts';
import { isSignedBy } from '../../../../client/node/trust/path.ts';
import { KUBEADM_NAMES } from '../../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../../lib/profiles/profile-for.ts';
import { certificateInPlace } from '../../../support/certificates-in-place.ts';
import { type DiskError, MortalFiles } from '../../../support/mortal-files.ts';
import {
  crossOf,
  named,
  RotatingNode,
  rotationOf,
  versions,
} from '../../../support/rotating-node.ts';

const [one, two] = versions;
const cross = crossOf(two, one);
const OF_CA = KUBEADM_NAMES.filter((name) => profileOf(name).ca === 'ca');

interface Phase {
  /** What the service does after that. */
  begin(node: RotatingNode, sequence: number): void;
  /** Versions in ca.crt and kubeconfigs afterwards, in order, and how many certificates are of version 2. */
  readonly trusted: string;
  readonly ofTwo: number;
}

const PHASES = {
  trust: {
    begin: (node, sequence) => {
      node.publish([one, two], { sequence, rotation: rotationOf('trust') });
      node.signs = one;
      node.cross = undefined;
    },
    trusted: '1,2',
    ofTwo: 0,
  },
  issue: {
    begin: (node, sequence) => {
      node.publish([two, one], { sequence, rotation: rotationOf('issue') });
      node.signs = two;
      node.cross = cross;
    },
    trusted: '2,1',
    ofTwo: OF_CA.length,
  },
  retire: {
    begin: (node, sequence) => {
      node.publish([two], { sequence, rotation: rotationOf('retire') });
      node.signs = two;
      node.cross = undefined;
    },
    trusted: '2',
    ofTwo: OF_CA.length,
  },
  canceled: {
    begin: (node, sequence) =>
      node.publish([one], { sequence, ended: [{ ca: 'ca', ...named(2) }] }),
    trusted: '1',
    ofTwo: 0,
  },
  ended: {
    begin: (node, sequence) => {
      const ended = [{ ca: 'ca' as const, ...named(1) }];
      node.publish([two], { sequence, ended, crosses: [{ ca: 'ca', cross }] });
      node.signs = two;
      node.cross = undefined;
    },
    trusted: '2',
    ofTwo: OF_CA.length,
  },
} satisfies Record<string, Phase>;

export type PhaseName = keyof typeof PHASES;

/** Phases that the node has followed, the one in which it is killed, and those that it follows afterwards. */
export type Course = readonly [
  before: readonly PhaseName[],
  during: PhaseName,
  after: readonly PhaseName[],
];

export const COURSES: readonly Course[] = [
  [[], 'trust', ['issue']],
  [['trust'], 'issue', ['retire']],
  [[], 'issue', ['retire']],
  // what it dropped returns, although it was killed when it dropped it
  [['trust', 'issue'], 'retire', ['issue', 'trust']],
  [['trust', 'issue', 'retire'], 'issue', ['retire']],
  [['trust', 'issue'], 'trust', ['issue']],
  [['trust'], 'canceled', []],
  [[], 'ended', []],
];

/** Where it stands: what it trusts, has and remembers; throws if a file is torn or a pair does not match. */
function standing(node: RotatingNode) {
  const leaves = OF_CA.map((name) => certificateInPlace(node.folder, name).leaf);
  const { file, kubeconfigs } = node.trusted();
  return {
    ...{ trusted: file, kubeconfigs },
    ofTwo: leaves.filter((leaf) => isSignedBy(leaf, new X509Certificate(two.pem))).length,
    sequence: recallRotation(join(node.folder, 'cakeless'))?.sequence,
  };
}

/** The node before it is killed, which each kill starts from. */
export class KillCourse {
  readonly #root = mkdtempSync(join(tmpdir(), 'cakeless-rotation-kill-'));
  readonly #course: Course;
  #copies = 0;
  #start: RotatingNode | undefined;

  constructor(course: Course) {
    this.#course = course;
  }

  close(): void {
    rmSync(this.#root, { recursive: true });
  }

  async #node(): Promise<RotatingNode> {
    const [before] = this.#course;
    if (!this.#start) {
      this.#start = new RotatingNode(join(this.#root, 'start'));
      for (const [i, name] of before.entries()) {
        PHASES[name].begin(this.#start, i + 1);
        await this.#start.renew();
      }
    }
    return new RotatingNode(join(this.#root, String(this.#copies++)), this.#start);
  }

  /** @returns how many calls of a run change a file */
  async count(): Promise<number> {
    return (await this.#run(Number.POSITIVE_INFINITY)).calls;
  }

  /** Kills it at that call. @returns what differs from what should be, at the kill and in the runs after it */
  async kill(call: number): Promise<unknown[]> {
    const { node, isDead } = await this.#run(call);
    const problems: unknown[] = isDead ? [] : ['it was not killed'];
    standing(node);
    problems.push(...(await this.#goOn(node)));
    return problems;
  }

  async #goOn(node: RotatingNode): Promise<unknown[]> {
    const [before, during, after] = this.#course;
    const problems = await follow(node, during, before.length + 1);
    const ids = new Set(node.requests().map((key) => key.split('/')[3]));
    if (ids.size > 1) problems.push(`${ids.size} requests for the same certificates`);
    for (const [i, name] of after.entries()) {
      const sequence = before.length + 2 + i;
      PHASES[name].begin(node, sequence);
      problems.push(...(await follow(node, name, sequence)));
    }
    return problems;
  }

  /** Its disk has this error from that call on, until it is repaired. @returns as `kill` */
  async fail(call: number, error: DiskError): Promise<unknown[]> {
    const { node, thrown } = await this.#run(call, error);
    standing(node);
    const problems = await this.#goOn(node);
    const isSaid = thrown === undefined || String(thrown).includes(error);
    return [...problems, ...(isSaid ? [] : [`it does not say ${error}: ${thrown}`])];
  }

  async #run(diesAt: number, error?: DiskError) {
    const node = await this.#node();
    const [before, during] = this.#course;
    PHASES[during].begin(node, before.length + 1);
    const files = new MortalFiles(node.folder, diesAt, error);
    if (error === undefined) node.beforeCall = () => files.requireLife();
    let thrown: unknown;
    try {
      await node.renew();
    } catch (reason) {
      // a dead process throws nothing, whatever this one makes of its end
      if (!files.isDead) throw reason;
      thrown = reason;
    } finally {
      files.end();
      node.beforeCall = () => undefined;
    }
    return { node, thrown, ...{ calls: files.calls, isDead: files.isDead } };
  }
}

/** @returns what differs from what should be after one run, or because another one changes something */
async function follow(node: RotatingNode, name: PhaseName, sequence: number): Promise<unknown[]> {
  const report = await node.renew();
  const { trusted, ofTwo } = PHASES[name];
  const found = { ...standing(node), exitCode: exitCodeOf(report) };
  const expected = { trusted, kubeconfigs: {}, ofTwo, sequence, exitCode: 0 };
  const again = await node.renew();
  return [
    ...(isDeepStrictEqual(found, expected) ? [] : [{ name, found, expected }]),
    ...(again.backup === undefined ? [] : [{ name, again }]),
  ];
}
