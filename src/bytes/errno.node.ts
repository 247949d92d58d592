import { constants } from "node:os";
import util from "node:util";

/**
 * Names by number: some that the system has, such as EDQUOT, are missing where Node names its
 * errors.
 */
const systemNames = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));
/** What Node calls those: it has two ways to say so. */
const withoutName = /^(?:UNKNOWN$|Unknown system error)/;

/** The name of an error number of the system, such as "ENOENT" for 2. */
export function errnoName(number: number): string {
  const name = util.getSystemErrorName(-number);
  return withoutName.test(name) ? (systemNames.get(number) ?? `errno ${number}`) : name;
}

/** What Node says of a call that ended with an error number. */
export function errnoMessage(number: number, syscall: string): string {
  const words = (util as Partial<typeof util>).getSystemErrorMap?.().get(-number)?.[1]; // not Deno
  return `${errnoName(number)}: ${words ?? "failed"}, ${syscall}`;
}

/**
 * The name of the system's error that was thrown, such as "ENOENT"; undefined when it is another
 * kind of error.
 */
export function errnoOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const { code, errno } = thrown as NodeJS.ErrnoException;
  if (typeof code !== "string") return undefined;
  return withoutName.test(code) && errno !== undefined ? errnoName(-errno) : code;
}

/** What the system said to a call, without the path: whoever prints it prints that, too. */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const name = errnoOf(thrown);
  if (name === "ENOTDIR") return "a part of this path is a file and no directory";
  const { code, message, syscall = "the call" } = thrown as NodeJS.ErrnoException;
  return name === code ? message.replace(/ '.*$/s, "") : `${name}: ${syscall} failed`;
}
