/**
 * A text that somebody else has written, for a terminal: without the characters by which it takes the terminal over,
 * hides a part of itself or is read in another order.
 */
export function visibleText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');
}
