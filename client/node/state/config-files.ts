/** The node's own configuration files. Separate from what reads them, because `--help` names them. */
export const CAKELESS_YAML = '/etc/kubernetes/cakeless.yaml';
/** The EnvironmentFile= of the timer's unit. */
export const CAKELESS_ENV = '/etc/kubernetes/cakeless.env';
