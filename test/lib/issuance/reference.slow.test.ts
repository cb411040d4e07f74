/** As reference.test.ts: the CSRs that it leaves out. */
import { isQuick, itIssuesAsKubeadm } from './reference.ts';

itIssuesAsKubeadm((index) => !isQuick(index));
