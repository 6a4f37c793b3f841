import type { Analysis, Channel } from '../analysis/contract.js';
import type { Mark } from './chart.js';
import { millisOf } from './quantities.js';

/** More lines than this hide what they are drawn over: then none is drawn. */
export const MAX_OPERATOR_MARKS = 10;
const MAX_LABEL_LENGTH = 24;

/** Commands that change a channel or what runs on it; the last word is the label. */
const DRAWN_ACTION =
  /^(?:peer channel (?:create|join|update)|osnadmin channel join|peer chaincode (?:instantiate|upgrade)|peer lifecycle chaincode commit)$/;

/** What the operator did to `channel`, as vertical lines; nothing where there is too much of it. */
export function marksOfDeeds(analysis: Analysis, channel: Channel): readonly Mark[] {
  const marks = (analysis.operator ?? []).flatMap((deed): readonly Mark[] => {
    if (deed.channel !== null && deed.channel !== channel.name) return [];
    if (deed.kind === 'mark') return [{ at: millisOf(deed.at), label: shorten(deed.text) }];
    const action = deed.exitCode === null || deed.exitCode === 0 ? deed.actions.find((a) => DRAWN_ACTION.test(a)) : undefined;
    return action === undefined ? [] : [{ at: millisOf(deed.at), label: action.slice(action.lastIndexOf(' ') + 1) }];
  });
  return marks.length > MAX_OPERATOR_MARKS ? [] : marks;
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= MAX_LABEL_LENGTH ? line : `${line.slice(0, MAX_LABEL_LENGTH - 1)}…`;
}
