// Adds up reports of `jest --json`: "<passed> <failed> <skipped>" of all files named as arguments.
// A suite that could not be loaded reports no failed test, and counts as one.
import { readFileSync } from 'node:fs';

const sum = { passed: 0, failed: 0, skipped: 0 };
for (const file of process.argv.slice(2)) {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  sum.passed += report.numPassedTests;
  sum.failed += report.numFailedTests + report.numRuntimeErrorTestSuites;
  sum.skipped += report.numPendingTests + report.numTodoTests;
}
console.log(`${sum.passed} ${sum.failed} ${sum.skipped}`);
