import { encodeByteText } from "../../bytes/byte-text.ts";
import { SyncError } from "../../errors.ts";
import type { ChangedFact, TreeChange } from "../../tree/entry/entry.ts";
import { escapeText } from "../../bytes/escaped-text.ts";

/** Writes a change as a line. */
export type FormatChange = (change: TreeChange) => string;

/** Which way content goes: to another place, or to here. */
export type ContentWay = "sent" | "received";

/** What decides how a change is told. */
export interface ChangeTelling {
  readonly way: ContentWay;
  /** False where times are left as they come. */
  readonly keepsTimes?: boolean;
}

/**
 * Reads a format of rsync's `--out-format`: `%i` the letters of `itemize`, `%n` the path with a
 * slash behind a directory's, `%L` where a link leads, `%f` the path, `%l` bytes of the file or of
 * what the link holds, `%o` `send`, `recv` or `del.`, `%t` the time now, `%p` the number of this
 * process, `%%` a percent sign.
 *
 * @throws USAGE for another one
 */
export function changeFormat(format: string, telling: ChangeTelling): FormatChange {
  const parts = format.split(/(%.?)/s).map((part, at) => (at % 2 === 0 ? () => part : partOf(part, telling)));
  return (change) => parts.map((write) => write(change)).join("");
}

function partOf(escape: string, telling: ChangeTelling): FormatChange {
  switch (escape) {
    case "%i":
      return (change) => itemize(change, telling);
    case "%n":
      return ({ path, kind }) => escapeText(path) + (kind === "dir" ? "/" : "");
    case "%L":
      return ({ holds, linkedTo }) => (linkedTo === undefined ? arrow("->", holds) : arrow("=>", linkedTo));
    case "%f":
      return ({ path }) => escapeText(path);
    case "%l":
      return ({ size, holds }) => String(holds === undefined ? size : encodeByteText(holds).length);
    case "%o":
      return ({ change }) => (change === "deleted" ? "del." : telling.way === "sent" ? "send" : "recv");
    case "%t":
      return () => formatTime(new Date());
    case "%p":
      return () => String(process.pid);
    case "%%":
      return () => "%";
    default:
      throw new SyncError("USAGE", `--out-format knows %i %n %L %f %l %o %t %p and %%, not ${escape}`);
  }
}

/** What stands behind a path that leads elsewhere. */
function arrow(sign: string, to: string | undefined): string {
  return to === undefined ? "" : ` ${sign} ${escapeText(to)}`;
}

/** The time as logs have it: `2026/11/29 12:34:56`, of this place. */
export function formatTime(time: Date): string {
  const two = (number: number): string => String(number).padStart(2, "0");
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("/");
  return `${day} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":")}`;
}

const deleted = "*deleting  ";
/** The letters of facts, in their places. */
const letters: readonly (readonly [ChangedFact, string])[] = [
  ["content", "c"],
  ["size", "s"],
  ["time", "t"],
  ["mode", "p"],
  ["owner", "o"],
  ["group", "g"],
  ["otherTime", "u"],
  ["acl", "a"],
  ["xattr", "x"],
];

/**
 * What rsync's `--itemize-changes` says of a change: what is done (`<` sent, `>` received, `c` made
 * or changed here, `h` linked to another name, `.` nothing but facts), what it is (`f`, `d`, `L`,
 * `D`, `S`), and which facts differ, `+` for all of them.
 */
export function itemize(told: TreeChange, { way, keepsTimes = true }: ChangeTelling): string {
  const { change, kind, differs, linkedTo } = told;
  if (change === "deleted") return deleted;
  const isMade = change === "new" || differs.includes("kind");
  const facts = isMade ? "+".repeat(letters.length) : letters.map(letterIn(differs)).join("");
  const timed = keepsTimes || isMade ? facts : withoutTime(facts, change);
  const done = linkedTo === undefined ? doneTo(change, kind, way) : "h";
  return `${done}${kindLetters[kind]}${timed}`;
}

/** Where no time is set, what is written anew has the time at which that was done. */
function withoutTime(facts: string, change: TreeChange["change"]): string {
  return facts.slice(0, timePlace) + (change === "changed" ? "T" : ".") + facts.slice(timePlace + 1);
}

const timePlace = letters.findIndex(([fact]) => fact === "time");

const kindLetters: Readonly<Record<TreeChange["kind"], string>> = {
  file: "f",
  dir: "d",
  symlink: "L",
  charDevice: "D",
  blockDevice: "D",
  fifo: "S",
  socket: "S",
  other: "S",
};

function letterIn(differs: readonly ChangedFact[]) {
  return ([fact, letter]: readonly [ChangedFact, string]): string => (differs.includes(fact) ? letter : ".");
}

function doneTo(change: TreeChange["change"], kind: TreeChange["kind"], way: ContentWay): string {
  if (change === "touched") return ".";
  if (kind !== "file") return "c";
  return way === "sent" ? "<" : ">";
}
