/** Completion for bash 4 and later, without the package bash-completion. */
import { type ArgumentFacts, allOf, type CommandFacts, type Values } from '../tree.ts';

export function bashCompletion(tree: CommandFacts): string {
  const commands = allOf(tree);
  const options = commands.flatMap(({ words, options: all }) =>
    all.flatMap((option) => option.names.map((name) => ({ ...option, at: at(words, name) }))),
  );
  const valued = options.filter(({ value }) => value !== undefined);
  return `# bash completion for cakeless, as "cakeless completion bash" prints it
_cakeless() {
  local cur=\${COMP_WORDS[COMP_CWORD]} path='' option='' word i position=0
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$path:$word" in
${cases(commands.slice(1).map(({ words }) => [at(words.slice(0, -1), words.at(-1) ?? ''), `path="\${path:+$path }$word"; continue`]))}
    esac
    case "$path:$word" in
${cases(valued.map((one) => [one.at, `option=$word; ((++i)); [[ \${COMP_WORDS[i]} == = ]] && ((++i)); ((i < COMP_CWORD)) && option=''; continue`]))}
    esac
    [[ $word == -* ]] || ((++position))
  done
  [[ $cur == = ]] && cur=''
  if [[ -n $option ]]; then
    case "$path:$option" in
${cases(valued.map((one) => [one.at, complete(one.values)]))}
    esac
  elif [[ $cur == -* ]]; then
    case "$path:" in
${cases(commands.map(({ words, options: all }) => [at(words, ''), complete(all.flatMap(({ names }) => names))]))}
    esac
  else
    case "$path:$position" in
${cases(commands.flatMap(argumentCases))}
    esac
  fi
}
complete -F _cakeless cakeless
`;
}

const at = (words: readonly string[], word: string) => quote(`${words.join(' ')}:${word}`);

function argumentCases({ words, commands, arguments: all }: CommandFacts): [string, string][] {
  if (commands.length > 0)
    return [[at(words, '0'), complete(commands.map((one) => one.words.at(-1) ?? ''))]];
  return all.map((argument, position): [string, string] => [
    positionsOf(words, argument, position),
    complete(argument.values),
  ]);
}

/** Nobody types so many arguments that a position has more digits than its pattern. */
function positionsOf(
  words: readonly string[],
  { isVariadic }: ArgumentFacts,
  position: number,
): string {
  if (!isVariadic) return at(words, String(position));
  return `${at(words, '')}${position === 0 ? '*' : `[${position}-9]*`}`;
}

function complete(values: Values): string {
  if (values === 'files') return names('-f');
  if (values === 'folders') return names('-d');
  return values.length === 0
    ? ''
    : `COMPREPLY=($(compgen -W ${quote(values.join(' '))} -- "$cur"))`;
}

/** Names may contain spaces; the shell quotes them, and adds a slash to folders. */
const names = (kind: '-f' | '-d') =>
  `compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen ${kind} -- "$cur")`;

/** One case for all patterns with the same commands. */
function cases(all: readonly (readonly [pattern: string, commands: string])[]): string {
  const patterns = new Map<string, string[]>();
  for (const [pattern, commands] of all)
    if (commands !== '') patterns.set(commands, [...(patterns.get(commands) ?? []), pattern]);
  return [...patterns]
    .map(([commands, same]) => `      ${same.join(' | ')}) ${commands} ;;`)
    .join('\n');
}

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
