import { examineGate } from '../../lib/rotating/examine-gate.ts';
import { DEFAULT_GATE_RULES, type Gate } from '../../lib/rotating/gate-result.ts';

/** As the create-ca function has it. */
export const GATE: Gate = { examine: examineGate, rules: DEFAULT_GATE_RULES };
