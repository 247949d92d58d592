/**
 * Orders keys by their UTF-8, as providers list them: negative, 0 or positive. Strings compare by
 * their UTF-16, which differs where a character beyond U+FFFF meets one from U+E000 on.
 */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left !== right) return rankOf(left) - rankOf(right);
  }
  return a.length - b.length;
}

const firstSurrogate = 0xd800;
const lastSurrogate = 0xdfff;
const beyondUtf16 = 0x10000;

/** Where a code unit stands: halves of characters beyond U+FFFF behind all others. */
function rankOf(unit: number): number {
  return unit >= firstSurrogate && unit <= lastSurrogate ? unit + beyondUtf16 : unit;
}
