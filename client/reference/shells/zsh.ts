/** Completion for zsh: a function for each command, by `_arguments`. */
import {
  type ArgumentFacts,
  allOf,
  type CommandFacts,
  type OptionFacts,
  type Values,
} from '../tree.ts';

export function zshCompletion(tree: CommandFacts): string {
  return `#compdef cakeless
# zsh completion for cakeless, as "cakeless completion zsh" prints it
${allOf(tree).map(functionFor).join('\n')}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _cakeless "$@"
else
  compdef _cakeless cakeless
fi
`;
}

const functionOf = (words: readonly string[]) =>
  ['_cakeless', ...words].join('_').replaceAll('-', '_');

function functionFor({ words, options, commands, arguments: all }: CommandFacts): string {
  const specs = options.map(optionSpec);
  if (commands.length === 0)
    return `${functionOf(words)}() {
  _arguments -s -S ${[...specs, ...all.map(argumentSpec)].join(' ')}
}`;
  return `${functionOf(words)}() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C ${[...specs, "'1: :->command'", "'*:: :->words'"].join(' ')}
  case $state in
    command)
      local -a commands=(${commands.map((one) => quote(`${one.words.at(-1)}:${one.description}`)).join(' ')})
      _describe command commands ;;
    words)
      case $line[1] in
${commands.map((one) => `        ${one.words.at(-1)}) ${functionOf(one.words)} ;;`).join('\n')}
      esac ;;
  esac
}`;
}

/** `(-o --output)'{-o,--output}'[output format]:format:(text json)`. An option may be given several times. */
function optionSpec({ names, value, description, values }: OptionFacts): string {
  const argument = value === undefined ? '' : `:${escapeSpec(value)}:${action(values)}`;
  const about = `[${escapeSpec(description)}]${argument}`;
  return names
    .map((name) =>
      quote(`*${name}${value !== undefined && name.startsWith('--') ? '=' : ''}${about}`),
    )
    .join(' ');
}

const argumentSpec = ({ name, isVariadic, isRequired, values }: ArgumentFacts): string =>
  quote(
    `${isVariadic ? '*' : ''}${isRequired || isVariadic ? ':' : '::'}${escapeSpec(name)}:${action(values)}`,
  );

function action(values: Values): string {
  if (values === 'files') return '_files';
  if (values === 'folders') return '_files -/';
  return values.length === 0 ? ' ' : `(${values.join(' ')})`;
}

/** What has a meaning in a specification of `_arguments`. */
const escapeSpec = (text: string) => text.replace(/[[\]:\\]/g, '\\$&');
const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
