/** Entry point of the installed form, the bundle in chunks. It can report a missing chunk without loading one. */
import { describeMissingPart, REINSTALL } from '../incomplete.ts';
import { terminal } from '../terminal.ts';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

void import('../run.ts').then(
  ({ run }) => run(process.argv.slice(2)),
  (error) => {
    const problem = describeMissingPart(error);
    if (problem === undefined) throw error;
    terminal.progress(`cakeless: ${problem}`);
    terminal.progress(`cakeless: hint: ${REINSTALL}`);
    process.exitCode = 1;
  },
);
