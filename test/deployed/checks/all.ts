import type { Check } from '../check.ts';
import { isolation } from './isolation.ts';
import { issuance } from './issuance.ts';
import { recovery } from './recovery.ts';

/** In the order in which they run. */
export const CHECKS: readonly Check[] = [...issuance, ...isolation, ...recovery];
