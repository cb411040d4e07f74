import { resolve } from 'node:path';

/** The service that is deployed to MiniStack, and whose policies are judged offline. */
export const CONFIG_FILE = resolve('test', 'deployed', 'cakeless.config.json');
