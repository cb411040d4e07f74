// Asks the registry whether what is published contains packages with known vulnerabilities, and exits with 1 if it does:
//   node test/tools/audit.mjs
// Not every registry supports audits. One that does not is reported, and does not count as a failure.
import { execFileSync } from 'node:child_process';

const { vulnerabilities, error, message } = JSON.parse(audit());
if (vulnerabilities === undefined) {
  console.log(
    `audit: not answered: ${message || error?.summary || 'the registry has no audit endpoint'}`,
  );
} else {
  const found = Object.values(vulnerabilities);
  for (const { name, severity, range, fixAvailable } of found)
    console.log(
      `audit: ${name} ${range}: ${severity}${fixAvailable ? ', a fix is available' : ''}`,
    );
  console.log(`audit: answered: ${found.length} packages with known vulnerabilities`);
  if (found.length > 0) process.exitCode = 1;
}

/** npm exits with an error for vulnerabilities, and for a registry that does not respond. */
function audit() {
  const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 60_000 };
  try {
    return execFileSync('npm', ['audit', '--omit=dev', '--json'], options) || '{}';
  } catch ({ stdout }) {
    return stdout || '{}';
  }
}
