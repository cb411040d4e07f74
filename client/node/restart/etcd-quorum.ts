/**
 * Whether the etcd cluster keeps its quorum while the member of this node restarts. The restart lease keeps other nodes
 * from restarting theirs, and says nothing about a member that is down for another reason.
 */
import { request } from 'node:https';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { CommandError } from '../../errors.ts';
import type { Component } from '../disk/components.ts';
import { currentContent } from '../disk/file-change.ts';
import type { RestartDeps } from './deps.ts';
import { askHealth, type Probe } from './health.ts';
import { readManifest } from './manifest.ts';

/** etcd's JSON gateway: proto names as lowerCamelCase, numbers of 64 bits as text. A learner has no vote. */
const membersSchema = z.object({
  members: z.array(
    z.object({
      ID: z.string(),
      name: z.optional(z.string()),
      clientURLs: z.optional(z.array(z.string())),
      isLearner: z.optional(z.boolean()),
    }),
  ),
  header: z.object({ member_id: z.string() }),
});

type Members = z.infer<typeof membersSchema>;

/**
 * @param restarts components that are to restart; nothing is checked without etcd. An etcd that does not say who its
 * members are counts for no quorum, and a restart may be the remedy
 * @throws CommandError pending that names the members that do not respond
 */
export async function requireEtcdQuorum(
  restarts: readonly Component[],
  deps: Pick<RestartDeps, 'folders' | 'terminal'>,
): Promise<void> {
  const { folders, terminal } = deps;
  const manifest = readManifest('etcd', folders);
  if (!restarts.includes('etcd') || !manifest) return;
  const [listen = 'https://127.0.0.1:2379'] =
    manifest.flags.get('listen-client-urls')?.split(',') ?? [];
  const client = clientIn(folders.certDir);
  const found = await listMembers(listen, client);
  if (typeof found === 'string') {
    terminal.progress(`the members of etcd are unknown, so its quorum was not checked: ${found}`);
    return;
  }
  const { others, silent } = await askOthers(found, client);
  const needed = Math.min(Math.floor((others + 1) / 2) + 1, others);
  if (others - silent.length >= needed) return;
  throw new CommandError(
    'pending',
    `etcd would lose its quorum if the member of this node restarted now: ${silent.join('; ')}; nothing was restarted on this node`,
    'repair these members, then run the same command again',
  );
}

async function askOthers({ members, header }: Members, client: Probe['client']) {
  const others = members.filter(({ ID, isLearner }) => ID !== header.member_id && !isLearner);
  const problems = await Promise.all(
    others.map(async ({ ID, name, clientURLs: [url] = [] }) => {
      const who = name || ID;
      if (url === undefined) return `${who} has not started yet`;
      if (!isCallable(url)) return `${who} has no address that can be called`;
      const probe = { url: `${url}/health`, servedFingerprint: undefined, client };
      const problem = await askHealth(probe);
      return problem === undefined ? [] : `${who}: ${problem}`;
    }),
  );
  return { others: others.length, silent: problems.flat() };
}

const isCallable = (url: string) => /^https?:\/\//.test(url) && URL.canParse(url);

function clientIn(certDir: string): Probe['client'] {
  const stem = join(certDir, 'etcd', 'healthcheck-client');
  const [cert, key] = [`${stem}.crt`, `${stem}.key`].map((file) => currentContent(file, false));
  return cert === undefined || key === undefined ? undefined : { cert, key };
}

const LIST_TIMEOUT_MS = 5000;
/** Seven members with all their URLs have a few thousand. */
const MAX_LIST_BYTES = 256 * 1024;

/** The reason if it does not say. As in `health.ts`, nothing depends on who responds on this node's own port. */
function listMembers(listen: string, client: Probe['client']): Promise<Members | string> {
  return new Promise((settle) => {
    const resolve = (result: Members | string) => {
      clearTimeout(timer);
      settle(result);
      call?.destroy();
    };
    const timer = setTimeout(() => resolve('no response'), LIST_TIMEOUT_MS);
    const call = attempt(() =>
      request(`${listen}/v3/cluster/member/list`, {
        ...{ method: 'POST', agent: false, rejectUnauthorized: false },
        ...client,
      }),
    );
    if (!call) return resolve(`${listen} cannot be called`);
    call.on('error', (error) => resolve(error.message));
    call.once('response', (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
        if (body.length > MAX_LIST_BYTES) resolve('its list of members is too long');
      });
      response.once('error', (error) => resolve(error.message));
      response.once('end', () => resolve(readMembers(body)));
    });
    call.end('{}');
  });
}

function readMembers(body: string): Members | string {
  const json = attempt(() => JSON.parse(body) as unknown);
  const result = membersSchema.safeParse(json);
  return result.success ? result.data : 'its list of members cannot be read';
}

/** undefined for what cannot be used, such as a key that does not match its certificate. */
function attempt<T>(what: () => T): T | undefined {
  try {
    return what();
  } catch {
    return undefined;
  }
}
