import type { ENVIRONMENT } from '../lib/environment-names.ts';

type EnvironmentName = (typeof ENVIRONMENT)[keyof typeof ENVIRONMENT];

/** A variable that the deployment must set. */
export function required(name: EnvironmentName): string {
  const value = process.env[name];
  if (!value) throw new Error(`the environment variable ${name} is not set`);
  return value;
}

/** A variable that need not be set. */
export function optional(name: EnvironmentName): string | undefined {
  return process.env[name];
}
