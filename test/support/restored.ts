/**
 * Changes to this process that are undone: the only way in which tests change the environment, the output or the user.
 * After each suite, jest-environment.cjs checks that nothing of the kind is left.
 */
import { isRoot, OTHER_USER } from './other-user.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

/** Sets variables, and removes those that are undefined. @returns what restores the environment as it was */
export function changeEnvironment(variables: Variables): () => void {
  const before = { ...process.env };
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  return () => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  };
}

/** Runs something under a changed environment. Changes that it makes itself are undone, too. */
export async function withEnvironment<T>(
  variables: Variables,
  run: () => Promise<T> | T,
): Promise<T> {
  const restore = changeEnvironment(variables);
  try {
    return await run();
  } finally {
    restore();
  }
}

export interface Captured<T> {
  readonly result: T;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams, in the order of their writes. */
  readonly text: string;
}

/** Runs something, and keeps what it writes to standard output and standard error. */
export async function withCapturedOutput<T>(run: () => Promise<T> | T): Promise<Captured<T>> {
  const written = { stdout: '', stderr: '', text: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    jest.spyOn(process[stream], 'write').mockImplementation((chunk) => {
      written[stream] += String(chunk);
      written.text += String(chunk);
      return true;
    }),
  );
  try {
    const result = await run();
    return { result, ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** Runs something without the rights of root: as the user `nobody` where the tests run as root. */
export async function withoutRoot<T>(run: () => Promise<T>): Promise<T> {
  if (isRoot) process.seteuid?.(OTHER_USER);
  try {
    return await run();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}
