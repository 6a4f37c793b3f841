const NON_ASCII = /[\x80-\xff]/;

/** Whether a latin1 string holds bytes beyond ASCII. */
export function hasNonAscii(latin1: string): boolean {
  return NON_ASCII.test(latin1);
}

/**
 * The text of bytes held as a latin1 string, decoded as UTF-8; bytes that are no UTF-8 become U+FFFD. The result never shares memory with
 * the argument: a slice of a chunk would keep the whole chunk alive for as long as an event lives.
 */
export function decodeUtf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}
