import { readFile } from 'node:fs/promises';
import { writeDurably } from '../lib/files/durable-file.ts';
import { iamIdentifier, type Random, secretAccessKey } from './identifiers.ts';
import { oneAtATime } from './one-at-a-time.ts';

/** Something that a principal may do. Both lists can contain IAM's wildcards. */
export interface Statement {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Only for requests with `If-None-Match: *`, as a bucket policy of the deployment requires. */
  readonly ifNoneMatchRequired?: true;
  /** Only for requests with `If-None-Match: *` or `If-Match`; likewise. */
  readonly conditionRequired?: true;
  /** Only for requests without a storage class, an encryption, an ACL, tags or a lock; likewise. */
  readonly plainOnly?: true;
  /** Only for requests whose condition keys have these values (`StringEquals`). */
  readonly equals?: Readonly<Record<string, string>>;
}

/** A principal that has no credentials yet. */
export interface PrincipalPlan {
  readonly name: string;
  readonly description: string;
  readonly kind: 'user' | 'role';
  /** The last part of a role's principal id, where EC2 puts the instance id. */
  readonly session?: string;
  readonly statements: readonly Statement[];
}

/** A principal with its credentials. */
export interface Principal {
  readonly name: string;
  /** As S3 events name it after `AWS:`; for a role `AROA…:<session>`. */
  readonly principalId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly description: string;
  readonly statements: readonly Statement[];
}

/** All principals, kept in one file that only its owner can read. */
export interface PrincipalBook {
  all(): Principal[];
  named(name: string): Principal | undefined;
  withAccessKey(accessKeyId: string): Principal | undefined;
  /** Adds those with a new name. An existing principal keeps its credentials and statements. */
  add(plans: readonly PrincipalPlan[]): Promise<void>;
}

/**
 * Opens the file. Its contents are kept, edited by hand or not.
 * @param added called with all principals after some were added
 */
export async function openPrincipals(
  path: string,
  random: Random,
  added?: (all: readonly Principal[]) => Promise<void>,
): Promise<PrincipalBook> {
  let principals = await readPrincipals(path);
  const alone = oneAtATime();
  return {
    // Copies: an SDK client writes into the credentials that it is given.
    all: () => structuredClone(principals),
    named: (name) => structuredClone(principals.find((principal) => principal.name === name)),
    withAccessKey: (id) => principals.find((principal) => principal.accessKeyId === id),
    add: (plans) =>
      alone(path, async () => {
        const known = new Set(principals.map(({ name }) => name));
        const unknown = plans.filter(({ name }) => !known.has(name));
        if (unknown.length === 0) return;
        const all = [...principals, ...unknown.map((plan) => makePrincipal(plan, random))];
        await writeDurably(path, `${JSON.stringify(all, null, 2)}\n`);
        principals = all;
        await added?.(structuredClone(all));
      }),
  };
}

function makePrincipal(plan: PrincipalPlan, random: Random): Principal {
  const { name, description, kind, session, statements } = plan;
  const id = iamIdentifier(kind === 'user' ? 'AIDA' : 'AROA', random);
  return {
    name,
    principalId: kind === 'user' ? id : `${id}:${session ?? name}`,
    accessKeyId: iamIdentifier('AKIA', random),
    secretAccessKey: secretAccessKey(random),
    description,
    statements,
  };
}

async function readPrincipals(path: string): Promise<Principal[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list)) throw new Error(`${path}: must contain a list of principals`);
  return list.map((entry: Partial<Principal> | null) => {
    const { name, principalId, accessKeyId, secretAccessKey, statements } = entry ?? {};
    if (!name || !principalId || !accessKeyId || !secretAccessKey || !Array.isArray(statements)) {
      throw new Error(
        `${path}: ${name ?? 'a principal'} needs name, principalId, accessKeyId, secretAccessKey and statements`,
      );
    }
    return {
      name,
      principalId,
      accessKeyId,
      secretAccessKey,
      description: entry?.description ?? '',
      statements,
    };
  });
}
