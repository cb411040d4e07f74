/**
 * Lets one process use a data folder. Two processes that share a folder would each have their own index in memory, and
 * two conditional writers could both win.
 *
 * The lock is a socket in the folder on which its holder listens. The kernel closes it with the process, however that
 * exits, so nothing has to be concluded from a process id, which may belong to another process by now. Sockets are
 * numbered. If nobody listens on the highest number, a process links its socket, on which it listens already, to the
 * next one: link(2) fails if the name exists, so only one process gets a number. It holds the lock if no higher number
 * exists afterwards. The highest number never goes down: a process that acts on an old listing gets a number that is too
 * low, and notices.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, open, readdir, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';

/** Another process uses the folder, or this one already does. */
export class FolderInUse extends Error {
  override name = 'FolderInUse';

  constructor(folder: string, holder: string) {
    super(`${folder}: in use by ${holder}`);
  }
}

/** Each failed attempt means that another process was faster. */
const ATTEMPTS = 20;
const NUMBERED = /^in-use\.(\d{1,15})$/;
const NEW = /^in-use\.new\.[0-9a-f-]{36}$/;

/** Whether a file of the folder belongs to the lock. */
export const isLockFile = (name: string): boolean => NUMBERED.test(name) || NEW.test(name);

/**
 * @returns a function that releases the lock
 * @throws FolderInUse
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const handle = await open(folder, 'r');
  // A path of a socket can have about a hundred bytes (unix(7)), and is cut without an error.
  const short = existsSync('/proc/self/fd') ? `/proc/self/fd/${handle.fd}` : folder;
  try {
    const server = await acquire(folder, short);
    return async () => {
      await close(server);
      await handle.close();
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function acquire(folder: string, short: string): Promise<Server> {
  const own = join(short, `in-use.new.${randomUUID()}`);
  const server = await listen(own);
  try {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const highest = await highestNumber(short);
      const holder = highest === 0 ? undefined : await listenerOf(numbered(short, highest));
      if (holder !== undefined) throw new FolderInUse(folder, holder);
      if (!(await linked(own, numbered(short, highest + 1)))) continue;
      if ((await highestNumber(short)) !== highest + 1) continue;
      await unlink(own);
      await sweep(short, highest + 1);
      return server;
    }
    throw new FolderInUse(folder, 'other processes, which are starting');
  } catch (error) {
    await close(server);
    throw error;
  }
}

const numbered = (folder: string, number: number): string => join(folder, `in-use.${number}`);

async function highestNumber(folder: string): Promise<number> {
  const names = await readdir(folder);
  return Math.max(0, ...names.map((name) => Number(NUMBERED.exec(name)?.[1] ?? 0)));
}

/** Another process has this number, or holds the lock and has swept the new socket away. */
async function linked(own: string, name: string): Promise<boolean> {
  try {
    await link(own, name);
    return true;
  } catch (error) {
    if (['EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** The holder removes what earlier ones left, and what killed processes left while they started. */
async function sweep(folder: string, own: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const number = NUMBERED.exec(name)?.[1];
    const isLeft =
      number === undefined
        ? NEW.test(name) && (await listenerOf(path)) === undefined
        : Number(number) < own;
    if (isLeft) await unlink(path).catch(() => undefined);
  }
}

/** Listens, and says to everyone who connects who it is. */
async function listen(path: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(`process ${process.pid}`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  server.unref();
  return server;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** How long a busy process may take to say who it is. */
const INTRODUCTION_MS = 1000;

/** Who listens on a socket; undefined if nobody does. Only a refusal proves that. */
function listenerOf(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let said = '';
    const finish = (holder: string | undefined): void => {
      socket.destroy();
      resolve(holder);
    };
    socket.setTimeout(INTRODUCTION_MS, () => finish('another process'));
    socket.on('data', (data) => {
      said += String(data);
    });
    socket.on('end', () => finish(/^process \d{1,10}$/.test(said) ? said : 'another process'));
    socket.on('error', ({ code }: NodeJS.ErrnoException) =>
      finish(code === 'ECONNREFUSED' || code === 'ENOENT' ? undefined : 'another process'),
    );
  });
}
