/** Whether a YAML text is nested so deeply that reading it would use up the stack. */
import { Lexer, Parser } from 'yaml';

/** Kubernetes' own objects are about ten deep. The document and a scalar count, too. */
const MOST_NESTED = 200;

/**
 * The part of the parser that this uses is not recursive. The part that makes documents is, and catching the RangeError
 * is not enough: with the stack nearly used up, V8 may end the process instead, when it compiles a regular expression.
 */
export function isNestedTooDeeply(text: string): boolean {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme));
    if (parser.stack.length > MOST_NESTED) return true;
  }
  return false;
}
