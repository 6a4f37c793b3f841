/** An error from the world, not from a bug: told in three lines, exit 2. */
export class OperationalError extends Error {
  readonly what: string;
  readonly why: string;
  readonly hint: string;

  constructor(parts: { readonly what: string; readonly why: string; readonly hint: string }) {
    super(`${parts.what}: ${parts.why}`);
    this.name = 'OperationalError';
    this.what = parts.what;
    this.why = parts.why;
    this.hint = parts.hint;
  }
}
