/** Entry point of the installed form: the bundle that is split into chunks. It needs none of them to report a missing one. */
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
