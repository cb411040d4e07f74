/** What the suite of the release needs besides Node.js. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { toolsFolder } from '../support/judges-programs.ts';

export const tool = (...path: string[]) => join(toolsFolder(), ...path);

/** The first reason why something cannot run on this machine. Throws with CAKELESS_REQUIRE_JUDGES=1. */
export function whyNot(...reasons: readonly (string | false | undefined)[]): string | undefined {
  const why = reasons.find((it): it is string => typeof it === 'string');
  if (why !== undefined && process.env.CAKELESS_REQUIRE_JUDGES === '1')
    throw new Error(`CAKELESS_REQUIRE_JUDGES=1, but ${why}`);
  return why;
}

export const needs = (path: string, name: string) =>
  !existsSync(tool(path)) && `run test/tools/install.sh ${name}`;

export const needsProgram = (name: string) =>
  spawnSync(name, ['--version']).error !== undefined && `${name} is not installed`;
