/** `npm run e2e`: real Kubernetes on certificates from Cakeless alone. See docs/end-to-end.md. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cells, MATRIX, MATRIX_CHECKS, MATRIX_HEADER, runCell } from '../kubeadm/matrix.ts';
import { CakelessService } from './cakeless-service.ts';
import { Report } from './report.ts';

const folder = mkdtempSync(join(tmpdir(), 'cakeless-e2e-'));
const report = new Report();
const service = await CakelessService.start(join(folder, 'service'));
await service.mustCakeless('administrator', ['trust-domain', 'create', 'matrix']);
const queue = cells(process.argv.slice(2));
await Promise.all(
  [1, 2].map(async () => {
    for (let cell = queue.shift(); cell; cell = queue.shift())
      await runCell(report, service, folder, cell);
  }),
);
await service.stop();
rmSync(folder, { recursive: true, force: true });
console.log(report.tableByRow(MATRIX, MATRIX_HEADER, MATRIX_CHECKS).join('\n'));
console.log(report.passed, report.failed);
