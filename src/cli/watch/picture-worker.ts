import { parentPort, workerData } from 'node:worker_threads';
import { PictureMaker } from './picture-maker.js';
import type { FromPicture, PictureQuestion, PictureSettings, ToPicture } from './picture-messages.js';

/** The picture's thread: reads batches as they come, and makes a picture whenever one is due. */

/** How often it is looked whether a picture is due while something is new. */
const LOOK_MILLIS = 100;

const maker = new PictureMaker(workerData as PictureSettings, () => performance.now());
let timer: NodeJS.Timeout | null = null;

const say = (message: FromPicture): void => parentPort?.postMessage(message);
const whyOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Recording matters more than showing it: what fails is told, and the next picture tries again. */
function makePicture(): void {
  try {
    say({ kind: 'picture', picture: maker.make() });
  } catch (error) {
    say({ kind: 'failure', why: whyOf(error) });
  }
}

function look(): void {
  timer = null;
  const due = maker.dueMillis - performance.now();
  if (due <= 0) makePicture();
  wait();
}

/** Looks again when the next picture is due; now and then even so, since a record that waits for more lines becomes news without any message. */
function wait(): void {
  const due = maker.dueMillis - performance.now();
  timer = setTimeout(look, Math.min(Math.max(due, LOOK_MILLIS), 10 * LOOK_MILLIS));
}

async function answer(question: PictureQuestion): Promise<string | null> {
  switch (question.what) {
    case 'note':
      return maker.note(question.number);
    case 'report':
      return maker.report();
    case 'analysis':
      return maker.analysis();
    default:
      maker.end();
      makePicture();
      return null;
  }
}

parentPort?.on('message', (message: ToPicture) => {
  if (message.kind === 'batch') {
    try {
      maker.take(message.batch);
    } catch (error) {
      say({ kind: 'failure', why: whyOf(error) });
    }
    say({ kind: 'read', bytes: message.bytes, packets: maker.packets });
    if (timer !== null) clearTimeout(timer);
    wait();
    return;
  }
  const { id, question } = message;
  answer(question).then(
    (text) => say({ kind: 'answer', id, text }),
    (error: unknown) => {
      say({ kind: 'failure', why: whyOf(error) });
      say({ kind: 'answer', id, text: null });
    },
  );
});
