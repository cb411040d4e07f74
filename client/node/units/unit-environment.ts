/** What a unit knows about its node: cakeless.yaml, and the environment file of the unit. */
import { ENVIRONMENT } from '../../../lib/environment-names.ts';
import { CommandError } from '../../errors.ts';
import { readTextIfThere } from '../../read-text.ts';
import type { CakelessYaml } from '../state/cakeless-yaml.ts';
import { CAKELESS_YAML } from '../state/config-files.ts';

/** What the environment file of the unit sets. */
export const readUnitEnvironment = (file: string): Record<string, string> =>
  assignments(readTextIfThere(file) ?? '');

/** @throws CommandError if the unit would fail because it does not know which node this is */
export function checkUnitKnowsNode(
  config: CakelessYaml,
  environmentFile: string,
  file = CAKELESS_YAML,
): void {
  const environment = readUnitEnvironment(environmentFile);
  const { cluster, node } = config;
  const exchangeBucket = config.exchangeBucket ?? environment[ENVIRONMENT.exchangeBucket];
  const region = config.region ?? environment.AWS_REGION;
  const missing = Object.entries({ cluster, node, exchangeBucket, region })
    .filter(([, value]) => !value)
    .map(([name]) => name);
  if (missing.length > 0)
    throw new CommandError(
      'usage',
      `${file}: ${missing.join(', ')} missing`,
      `set cluster, node, exchangeBucket and region there; or the last two in ${environmentFile}, as ${ENVIRONMENT.exchangeBucket} and AWS_REGION`,
    );
}

/** The values of a file of `NAME=value` lines, without the quotes around them (systemd.exec(5), EnvironmentFile=). */
function assignments(text: string): Record<string, string> {
  const lines = text.matchAll(/^[ \t]*(\w+)=[ \t]*(["']?)(.*?)\2[ \t\r]*$/gm);
  return Object.fromEntries([...lines].map(([, name = '', , value = '']) => [name, value]));
}
