/** issue.ts, loaded when the first certificate is to be issued: other outcomes do not need it. */
import type * as Issue from './issue.ts';

export const loadIssue = (): Promise<typeof Issue> => import('./issue.ts');
