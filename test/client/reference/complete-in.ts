/** Runs the completion scripts in their shells: what each offers after a line that is typed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildProgram } from '../../../client/main.ts';
import { noPrompt } from '../../../client/prompt.ts';
import { COMPLETION_FILES, completionScript } from '../../../client/reference/completion.ts';
import type { Shell } from '../../../client/reference/shells.ts';
import { readTree } from '../../../client/reference/tree.ts';
import { DOCUMENTS } from '../../../client/schemas/documents.ts';
import { terminal } from '../../../client/terminal.ts';
import { CERTIFICATE_NAMES } from '../../../lib/profiles/certificate-names.ts';

export const tree = readTree(buildProgram(terminal, noPrompt, () => undefined));

/** What is typed, and exactly what can follow. */
export const TYPED: readonly (readonly [typed: string, completions: readonly string[]])[] = [
  ['cakeless re', ['relay', 'release-keys', 'renew', 'request']],
  ['cakeless cluster ', ['apply', 'list', 'node', 'show']],
  ['cakeless cluster node ', ['add', 'remove']],
  ['cakeless renew --ca', ['--ca-cert-hash']],
  ['cakeless renew --key-algorithm RSA', ['RSA-2048', 'RSA-3072', 'RSA-4096']],
  ['cakeless renew --cluster renew etcd-s', ['etcd-server']],
  ['cakeless renew apiserver adm', ['admin.conf']],
  ['cakeless csr ', [...CERTIFICATE_NAMES, 'all'].sort()],
  ['cakeless pending -o ', ['json', 'text', 'wide']],
  ['cakeless pending --output=', ['json', 'text', 'wide']],
  ['cakeless standing-approval prod sched', ['scheduler.conf']],
  ['cakeless cluster apply node --trust', ['--trust-domain']],
  ['cakeless check-expiration --config conf', ['config.yaml']],
  ['cakeless schema ', DOCUMENTS.map(({ name }) => name).sort()],
  ['cakeless completion ', ['bash', 'fish', 'zsh']],
  ['cakeless renew --cluster ', []],
];

/** A folder with the script, and with files to complete. */
export class CompletionFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'cakeless-completion-'));
  readonly script: string;

  constructor(shell: Shell) {
    this.script = join(this.path, COMPLETION_FILES[shell]);
    writeFileSync(this.script, completionScript(shell, tree));
    mkdirSync(join(this.path, 'csr folder'));
    writeFileSync(join(this.path, 'config.yaml'), '');
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }

  /** Whether the shell reads the script without a message. */
  check(shell: Shell): { status: number | null; stderr: string } {
    const { status, stderr } = spawnSync(shell, ['-n', this.script], { encoding: 'utf8' });
    return { status, stderr };
  }
}

type Complete = (folder: CompletionFolder, lines: readonly string[]) => string[][];

/** bash passes the words as readline splits them: at spaces, and around an equals sign. */
const inBash: Complete = ({ path, script }, lines) => {
  const text = [
    `source ${script}`,
    'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cakeless',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ].join('\n');
  return lines.map((line) => {
    const words = line
      .split(' ')
      .flatMap((word) => word.split(/(=)/).filter((part, i) => part !== '' || i === 0));
    const args = ['--norc', '-c', text, 'bash', ...words];
    return named(execFileSync('bash', args, { cwd: path, encoding: 'utf8' }));
  });
};

const inFish: Complete = ({ path, script }, lines) => {
  const completions = lines.map((line) => `complete -C ${JSON.stringify(line)}; echo ==`);
  const args = ['--no-config', '-c', [`source ${script}`, ...completions].join('\n')];
  const env = { ...process.env, HOME: path };
  const output = execFileSync('fish', args, { cwd: path, encoding: 'utf8', env });
  return output
    .split('==\n')
    .slice(0, -1)
    .map((part) => named(part.replace(/\t.*/g, '').replace(/^--\w+=/gm, '')));
};

/** zsh completes only on a terminal: its module for pseudo-terminals types, and a wrapper notes what is offered. */
const inZsh: Complete = ({ path, script }, lines) => {
  const inner = join(path, 'inner.zsh');
  writeFileSync(
    inner,
    `PS1=; autoload -Uz compinit; compinit -u -D; source ${script}
offered=/dev/null
compadd() {
  local -a hits
  [[ " $* " == *' -'[OAD]' '* ]] || { builtin compadd -A hits "$@"; print -rl -- $hits >> $offered }
  builtin compadd "$@"
}
`,
  );
  const typed = lines.map(
    (line, i) => `zpty -w z 'offered=${path}/${i}; : > ${path}/${i}'; await ${path}/${i}
zpty -w -n z $'${line}\\t'; sleep 0.3
zpty -w -n z $'\\C-u'; zpty -w z ': > ${path}/${i}.done'; await ${path}/${i}.done`,
  );
  // zsh inserts a Tab that was typed before its prompt, so each line is typed after the prompt
  const outer = `await() { repeat 600; do drain; [[ -e $1 ]] && break; sleep 0.05; done; sleep 0.2 }
# zsh stops when nobody reads what it prints
drain() { while zpty -r -t z text; do :; done }
zmodload zsh/zpty; zpty z zsh -f -i; zpty -w z 'source ${inner}'
${typed.join('\n')}
zpty -d z`;
  execFileSync('zsh', ['-f', '-c', outer], { cwd: path, stdio: 'ignore' });
  return lines.map((_, i) => named(readFileSync(join(path, String(i)), 'utf8')));
};

const named = (text: string): string[] =>
  [...new Set(text.split('\n').filter((line) => line !== ''))].sort();

export const COMPLETE_IN: Readonly<Record<Shell, Complete>> = {
  bash: inBash,
  zsh: inZsh,
  fish: inFish,
};
