import { OperationalError } from '../recording/operational-error.js';

/** One thing to wait for. */
export type Condition =
  | { readonly kind: 'block'; readonly block: number; readonly channel: string | null }
  | { readonly kind: 'log'; readonly pattern: RegExp; readonly container: string | null }
  | { readonly kind: 'exit'; readonly container: string }
  | { readonly kind: 'mark'; readonly text: string };

/** Any of these lists must have come true whole. */
export type UntilExpression = readonly (readonly Condition[])[];

/** What `--help` says of the expressions. */
export const UNTIL_FORMS =
  '"block 5 [on CHANNEL]" (at every recorded peer), "log /REGEX/ [in CONTAINER]", "exit CONTAINER", "mark TEXT"; join with "and", "or"';

const notUnderstood = (text: string, why: string): OperationalError =>
  new OperationalError({ what: `--until ${text} is not understood`, why, hint: `one of ${UNTIL_FORMS}` });

/**
 * The meaning of `--until`: conditions joined by `and`, which binds tighter, and `or`.
 * Throws an {@link OperationalError} that lists the forms.
 */
export function parseUntil(text: string): UntilExpression {
  // A regular expression may hold the words that join conditions.
  const parts = text.match(/\blog\s+\/(?:[^/\\]|\\.)*\/i?(?:\s+in\s+\S+)?|\b(?:and|or)\b|(?:(?!\b(?:and|or)\b)\S+\s*)+/g) ?? [];
  const any: Condition[][] = [[]];
  let wantsCondition = true;
  for (const part of parts.map((p) => p.trim()).filter((p) => p !== '')) {
    if (part === 'and' || part === 'or') {
      if (wantsCondition) throw notUnderstood(text, `nothing stands before “${part}”`);
      if (part === 'or') any.push([]);
      wantsCondition = true;
      continue;
    }
    if (!wantsCondition) throw notUnderstood(text, `“${part}” is not joined by “and” or “or”`);
    any.at(-1)?.push(parseCondition(part, text));
    wantsCondition = false;
  }
  if (wantsCondition) throw notUnderstood(text, 'a condition is missing');
  return any;
}

function parseCondition(part: string, whole: string): Condition {
  const block = /^block\s+(\d+)(?:\s+on\s+(\S+))?$/.exec(part);
  if (block !== null) return { kind: 'block', block: Number(block[1]), channel: block[2] ?? null };
  const log = /^log\s+\/((?:[^/\\]|\\.)*)\/(i?)(?:\s+in\s+(\S+))?$/.exec(part);
  if (log !== null) {
    try {
      return { kind: 'log', pattern: new RegExp(log[1] as string, log[2]), container: log[3] ?? null };
    } catch (error) {
      throw notUnderstood(whole, error instanceof Error ? error.message : String(error));
    }
  }
  const exit = /^exit\s+(\S+)$/.exec(part);
  if (exit !== null) return { kind: 'exit', container: exit[1] as string };
  const mark = /^mark\s+(.+)$/.exec(part);
  if (mark !== null) return { kind: 'mark', text: mark[1] as string };
  throw notUnderstood(whole, `“${part}” is no condition`);
}
