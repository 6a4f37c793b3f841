/** Says what is being done, on a terminal only: in a pipe it stays quiet. */
export interface Progress {
  say(text: string): void;
  done(): void;
}

const CLEAR_LINE = '\r\x1b[2K';

/** Progress on standard error when that is a terminal. */
export function terminalProgress(): Progress {
  if (!process.stderr.isTTY) return { say: () => undefined, done: () => undefined };
  const width = (): number => Math.max(20, (process.stderr.columns ?? 80) - 1);
  return {
    say: (text) => void process.stderr.write(`${CLEAR_LINE}${text.slice(0, width())}`),
    done: () => void process.stderr.write(CLEAR_LINE),
  };
}
