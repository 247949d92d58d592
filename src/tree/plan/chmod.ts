import { SyncError } from "../../errors.ts";

/** A change of modes. */
interface ModeChange {
  /** Undefined for files and directories. */
  readonly only: "dir" | "file" | undefined;
  /**
   * @param mode what came of the changes before
   * @param isRun true for a directory, and a file that somebody may run
   */
  apply(mode: number, isRun: boolean): number;
}

/** Changes of modes, one after another. */
export type ModeChanges = readonly ModeChange[];

type Operator = "+" | "-" | "=";

const clauseForm = /^([DF]?)(?:([0-7]{1,5})|([ugoa]*)([-+=])([rwxXst]*|[ugo]))$/;

/**
 * Reads `D2775,F664,ug=rwX` and the like, as rsync's --chmod takes it: clauses of chmod(1), those
 * behind `D` for directories only and behind `F` for files only.
 *
 * @param umask what clauses that name nobody do not give
 * @throws USAGE
 */
export function parseChmod(text: string, umask: number): ModeChanges {
  return text.split(",").map((clause) => {
    const [, kind, octal, who = "", operator, what = ""] = clauseForm.exec(clause) ?? [];
    if (kind === undefined) throw new SyncError("USAGE", `"${clause}" is no change of a mode`);
    const only = kind === "D" ? "dir" : kind === "F" ? "file" : undefined;
    if (octal !== undefined) return { only, apply: () => Number.parseInt(octal, 8) & 0o7777 };
    const classes = classesOf(who);
    const given = who === "" ? ~umask : ~0;
    const isCopy = /^[ugo]$/.test(what);
    const apply = isCopy
      ? copying(classes, given, operator as Operator, what as Class)
      : setting({ classes, given, specials: specialsOf(who) }, operator as Operator, what);
    return { only, apply };
  });
}

/** Returns the mode of a file or directory after all changes. */
export function changeMode(changes: ModeChanges, mode: number, isDir: boolean): number {
  const kind = isDir ? "dir" : "file";
  const isRun = isDir || (mode & 0o111) !== 0;
  return changes.reduce((now, { only, apply }) => ((only ?? kind) === kind ? apply(now, isRun) : now), mode);
}

type Class = keyof typeof shifts;

const shifts = { u: 6, g: 3, o: 0 } as const;
const specialOf = { u: 0o4000, g: 0o2000, o: 0o1000 } as const;

function classesOf(who: string): readonly Class[] {
  const all = who === "" || who.includes("a") ? "ugo" : who;
  return (["u", "g", "o"] as const).filter((one) => all.includes(one));
}

/** The bits that an `s` stands for. */
function specialsOf(who: string): number {
  if (who.includes("a")) return 0o6000;
  return (who.includes("u") ? 0o4000 : 0) | (who.includes("g") ? 0o2000 : 0);
}

/** Some permissions, in the places of some classes. */
function spread(classes: readonly Class[], permissions: number): number {
  return classes.reduce((bits, one) => bits | (permissions << shifts[one]), 0);
}

interface Reached {
  readonly classes: readonly Class[];
  /** The bits that may be given. */
  readonly given: number;
  readonly specials: number;
}

function setting(
  { classes, given, specials }: Reached,
  operator: Operator,
  what: string,
): ModeChange["apply"] {
  let plain = 0;
  let special = 0;
  for (const letter of what) {
    if (letter === "r") plain |= 4;
    if (letter === "w") plain |= 2;
    if (letter === "x" || letter === "X") plain |= 1;
    if (letter === "t") special |= 0o1000;
    if (letter === "s") special = specials === 0 ? 0o4000 : special | specials;
  }
  const bits = (spread(classes, plain) & given) | special;
  const cleared = operator === "=" ? spread(classes, 7) | (special === 0 ? 0 : specials) : 0;
  return (mode, isRun) => {
    if (operator === "-") return mode & ~bits;
    return (mode & ~cleared) | (what.includes("X") && !isRun ? bits & ~0o111 : bits);
  };
}

/** A change that gives some classes what another one has. */
function copying(
  classes: readonly Class[],
  given: number,
  operator: Operator,
  from: Class,
): ModeChange["apply"] {
  const specials = classes.reduce((bits, one) => bits | specialOf[one], 0);
  return (mode) => {
    const bits = spread(classes, (mode >> shifts[from]) & 7) & given;
    if (operator === "+") return mode | bits;
    if (operator === "-") return mode & ~bits;
    return (mode & ~(spread(classes, 7) | specials)) | bits;
  };
}
