/** What a timer knows of its node: the node's configuration file, and the environment file of the unit. */
import { ENVIRONMENT } from '../../../lib/environment-names.ts';
import { CommandError } from '../../errors.ts';
import { readTextIfThere } from '../../read-text.ts';
import { NODE_CONFIG_FILE, type NodeConfig } from './cakeless-yaml.ts';

/** @throws CommandError for a timer that would fail in the night, since it does not know whose node it is */
export function checkTimerKnowsNode(config: NodeConfig, environmentFile: string): void {
  const environment = assignedNames(readTextIfThere(environmentFile) ?? '');
  const { cluster, node } = config;
  const exchangeBucket = config.exchangeBucket ?? environment.has(ENVIRONMENT.exchangeBucket);
  const region = config.region ?? environment.has('AWS_REGION');
  const missing = Object.entries({ cluster, node, exchangeBucket, region })
    .filter(([, value]) => !value)
    .map(([name]) => name);
  if (missing.length > 0)
    throw new CommandError(
      'usage',
      `${NODE_CONFIG_FILE} does not say ${missing.join(', ')}`,
      `the timer needs cluster, node, exchangeBucket and region there; the last two may stand in ${environmentFile} as ${ENVIRONMENT.exchangeBucket} and AWS_REGION`,
    );
}

/** Names that a file of `NAME=value` lines sets; systemd.exec(5), EnvironmentFile=. */
function assignedNames(text: string): ReadonlySet<string> {
  const lines = text.matchAll(/^[ \t]*(\w+)=[ \t]*\S/gm);
  return new Set([...lines].map(([, name = '']) => name));
}
