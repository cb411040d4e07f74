import { resolve } from 'node:path';

/** The configuration that is deployed to MiniStack, and whose policies are evaluated offline. */
export const CONFIG_FILE = resolve('test', 'deployed', 'cakeless.config.json');
