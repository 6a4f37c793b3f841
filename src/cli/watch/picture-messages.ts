import type { LiveLimits } from '../../analysis/live.js';
import type { LiveChart, LiveSection } from '../../report/live/messages.js';
import type { ChannelNow } from '../../report/live/now.js';

/** What the picture's thread is started with. */
export interface PictureSettings {
  readonly toolVersion: string;
  readonly limits: Partial<LiveLimits>;
}

/** What the recorder told since the last batch, each source's in order. */
export interface PictureBatch {
  readonly logs: readonly { readonly path: string; readonly container: { readonly id: string; readonly name: string }; readonly bytes: Uint8Array }[];
  readonly captures: readonly { readonly path: string; readonly bytes: Uint8Array }[];
  readonly inspects: readonly { readonly path: string; readonly text: string }[];
  /** Lines of Docker's events and of notes. */
  readonly told: readonly { readonly path: string; readonly text: string }[];
  /** The newest manifest's text; null where it was not rewritten. */
  readonly manifest: string | null;
  /** Bytes that came too fast and are not in this batch. */
  readonly leftOut: readonly { readonly path: string; readonly bytes: number }[];
}

/** What is known now, as far as it changed. */
export interface Picture {
  readonly from: string | null;
  readonly to: string | null;
  readonly present: readonly ChannelNow[];
  /** Those that changed or are new. */
  readonly sections: readonly LiveSection[];
  readonly charts: readonly LiveChart[];
  /** Log → node. */
  readonly nodeOfSource: ReadonlyMap<string, string>;
  /** How long it took to make, in milliseconds. */
  readonly tookMillis: number;
}

/** `finish`: the last picture is made of all that was told, and answered after it was sent. */
export type PictureQuestion = { readonly what: 'finish' | 'report' | 'analysis' } | { readonly what: 'note'; readonly number: number };

export type ToPicture =
  | { readonly kind: 'batch'; readonly batch: PictureBatch; readonly bytes: number }
  | { readonly kind: 'question'; readonly id: number; readonly question: PictureQuestion };

export type FromPicture =
  | { readonly kind: 'picture'; readonly picture: Picture }
  /** A picture could not be made; the next is tried. */
  | { readonly kind: 'failure'; readonly why: string }
  /** A batch was read. */
  | { readonly kind: 'read'; readonly bytes: number; readonly packets: number | null }
  | { readonly kind: 'answer'; readonly id: number; readonly text: string | null };
