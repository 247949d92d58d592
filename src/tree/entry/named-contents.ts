/**
 * True for a place that stands for what is in a directory, as with rsync: its path ends in a slash,
 * or in `.` or `..`.
 */
export function namesContents(place: string): boolean {
  return /(?:^|\/)\.{0,2}$/.test(place);
}
