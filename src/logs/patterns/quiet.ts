import { consoleLine, definePattern, type Pattern } from '../pattern.js';
import { QUIET_LOGGERS, type QuietWording } from './quiet-wordings.js';

const VERB = /<\*>|%[+#]?[vsdxT]/;

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** The longest literal between the verbs of a wording. */
function longestLiteral(wording: string): string {
  return wording.split(VERB).reduce((longest, literal) => (literal.length > longest.length ? literal : longest), '');
}

function patternOf(loggers: readonly string[], source: string, { level, wording, fabric }: QuietWording): Pattern {
  const literals = wording.split(VERB);
  const verbs = wording.match(new RegExp(VERB, 'g')) ?? [];
  const sample = literals.map((literal, i) => `${literal}${verbs[i] === undefined ? '' : verbs[i] === '%d' ? '7' : 'x'}`).join('');
  return definePattern({
    name: `quiet: ${loggers[0]}: ${level} ${wording}`,
    loggers,
    levels: level === 'ERRO' ? ['ERRO', 'CRIT'] : level === 'INFO' ? ['INFO', 'NOTI'] : ['WARN'],
    fabric,
    hint: longestLiteral(wording),
    // A trailing blank of a format string may or may not survive, and only the first line of a multi-line argument is seen.
    message: new RegExp(`^${literals.map(escapeRegExp).join('.*?')}\\s*$`),
    toEvent: null,
    samples: [{ line: consoleLine(level, loggers[0] as string, sample), source: `Fabric ${fabric} ${source}`, expect: null }],
  });
}

/** Known wordings that yield no event. */
export const QUIET_PATTERNS: readonly Pattern[] = QUIET_LOGGERS.flatMap(({ loggers, source, wordings }) =>
  wordings.map((wording) => patternOf(loggers, source, wording)),
);
