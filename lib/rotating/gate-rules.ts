/** The times that gates use, as a deployment sets them. Only tests shorten them. */
import * as z from 'zod/mini';
import { Fault } from '../fault.ts';
import { DEFAULT_GATE_RULES, type GateRules } from './gate-result.ts';

const seconds = z.optional(z.number().check(z.int(), z.positive(), z.maximum(10 * 365 * 86_400)));
const rulesSchema = z.strictObject({
  heardWithinSeconds: seconds,
  issueSeconds: seconds,
  goneAfterSeconds: seconds,
});

/**
 * Reads the value of the environment variable; undefined or empty means the defaults.
 * @throws Fault not-configured: a rule that cannot be read must not be ignored
 */
export function parseGateRules(text: string | undefined): GateRules {
  if (!text) return DEFAULT_GATE_RULES;
  try {
    const given = rulesSchema.parse(JSON.parse(text));
    return {
      heardWithinSeconds: given.heardWithinSeconds ?? DEFAULT_GATE_RULES.heardWithinSeconds,
      issueSeconds: given.issueSeconds ?? DEFAULT_GATE_RULES.issueSeconds,
      goneAfterSeconds: given.goneAfterSeconds ?? DEFAULT_GATE_RULES.goneAfterSeconds,
    };
  } catch (error) {
    throw new Fault('not-configured', `the rules of gates cannot be read: ${text}`, error);
  }
}
