/** Takes no column of its own: joins, marks and variation selectors. */
const narrow = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
/** Takes two: what Unicode calls wide or fullwidth, and what is shown as a picture. */
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1aff0}-\u{1b2ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;

/**
 * Made when it is used, for that takes 11 ms:
 * `node -e "console.time(); new Intl.Segmenter(); console.timeEnd()"`.
 */
let graphemes: Intl.Segmenter | undefined;

/** Columns that a text takes on a terminal, at most. It holds no control characters. */
export function widthOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += narrow.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return columns;
}

/**
 * The text in so many columns: what does not fit is taken from its middle, between what readers see
 * as characters.
 */
export function shortenMiddle(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  const mark = "...";
  if (columns <= mark.length) return "";
  graphemes ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  const parts = Array.from(graphemes.segment(text), ({ segment }) => segment);
  const room = columns - mark.length;
  const end = takeColumns([...parts].reverse(), Math.floor(room / 2))
    .reverse()
    .join("");
  const start = takeColumns(parts, room - widthOf(end)).join("");
  return `${start}${mark}${end}`;
}

function takeColumns(parts: readonly string[], columns: number): string[] {
  let left = columns;
  const past = parts.findIndex((part) => (left -= widthOf(part)) < 0);
  return parts.slice(0, past < 0 ? parts.length : past);
}
