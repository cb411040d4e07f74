/** Completion for fish: one rule for each command, option and argument. */
import { allOf, type CommandFacts, type OptionFacts, type Values } from '../tree.ts';

export function fishCompletion(tree: CommandFacts): string {
  const commands = allOf(tree);
  return `# fish completion for cakeless, as "cakeless completion fish" prints it
function __cakeless_at
    set -l path
    set -l known ${commands
      .slice(1)
      .map(({ words }) => quote(words.join(' ')))
      .join(' ')}
    for word in (commandline -opc)[2..-1]
        set -l longer (string join ' ' -- $path $word)
        if contains -- "$longer" $known
            set path $path $word
        end
    end
    set -l here (string join ' ' -- $path)
    test "$here" = "$argv"
end
complete -c cakeless -f
${commands.flatMap(rulesFor).join('\n')}
`;
}

function rulesFor({ words, options, commands, arguments: all }: CommandFacts): string[] {
  const rule = (rest: string) =>
    `complete -c cakeless -n ${quote(`__cakeless_at ${words.join(' ')}`.trim())} ${rest}`;
  return [
    ...commands.map((one) =>
      rule(`-a ${quote(one.words.at(-1) ?? '')} -d ${quote(one.description)}`),
    ),
    ...all.flatMap(({ values }) => (values.length === 0 ? [] : [rule(argumentsOf(values))])),
    ...options.map((option) => rule(optionRule(option))),
  ];
}

function optionRule({ names, value, description, values }: OptionFacts): string {
  const flags = names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  const taken =
    value === undefined
      ? ''
      : values === 'files'
        ? ' -r -F'
        : ` -x ${argumentsOf(values)}`.trimEnd();
  return `${flags.join(' ')}${taken} -d ${quote(description)}`;
}

function argumentsOf(values: Values): string {
  if (values === 'files') return '-F';
  if (values === 'folders') return "-a '(__fish_complete_directories)'";
  return values.length === 0 ? '' : `-a ${quote(values.join(' '))}`;
}

const quote = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;
