/** `npm run e2e`: real Kubernetes on certificates from Cakeless alone. See docs/end-to-end.md. */
import { join } from 'node:path';
import { AGGREGATED_HOST } from '../control-plane/aggregated-api.ts';
import { LIVE, runLive } from '../control-plane/live.ts';
import { HOSTS, makeBridge } from '../control-plane/network.ts';
import { CakelessService } from './cakeless-service.ts';
import { innerFolder, runInside, settleInside } from './namespaces.ts';
import { Report } from './report.ts';

const folder = innerFolder();
if (folder === undefined) process.exitCode = await runInside();
else {
  await settleInside(folder, [...HOSTS, AGGREGATED_HOST]);
  await makeBridge();
  const report = new Report();
  const service = await CakelessService.start(join(folder, 'service'));
  const plan = { release: process.argv[2] ?? '1.35.4', kind: 'RSA-2048', caKeySpec: 'ECC_NIST_P256' } as const;
  await runLive(report, service, folder, plan, async () => undefined);
  await service.stop();
  console.log(report.tableByCheck(LIVE, 'CHECK').join('\n'));
  console.log(report.passed, report.failed);
  process.exit(report.failed === 0 ? 0 : 1);
}
