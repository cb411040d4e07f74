/** npm run build:template [-- --config FILE] [--out FOLDER] */
import { parseArgs } from 'node:util';
import { readConfig } from '../config.ts';
import { buildTemplate } from './build-template.ts';

const { values } = parseArgs({
  options: { config: { type: 'string' }, out: { type: 'string', default: 'dist/template' } },
});
try {
  const { config: file, out } = values;
  buildTemplate({ out, config: file === undefined ? undefined : readConfig(file) });
  console.log(out);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
