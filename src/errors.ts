/**
 * Everything that can go wrong, as one class with a closed set of codes.
 *
 * Match on `code`, never on the message or on `instanceof`: two copies of the library may live in
 * one process. `docs/errors.md` lists the codes with their exit codes and wire numbers; a test
 * compares.
 */

/**
 * One error code: the number that crosses the wire and the exit code of a command that fails with
 * it.
 */
interface CodeFacts {
  readonly wire: number;
  readonly exit: number;
}

/** All codes. A wire number is never reused; new codes are added at the end. */
export const errorCodes = {
  INTERNAL: { wire: 1, exit: 1 },
  ABORTED: { wire: 2, exit: 130 },
  USAGE: { wire: 3, exit: 2 },
  IO: { wire: 4, exit: 1 },
  NOT_FOUND: { wire: 5, exit: 1 },
  NO_SPACE: { wire: 6, exit: 1 },
  STATE: { wire: 7, exit: 1 },
  LOCKED: { wire: 8, exit: 1 },
  LIMIT: { wire: 9, exit: 5 },
  STALLED: { wire: 10, exit: 1 },
  PEER_GONE: { wire: 11, exit: 1 },
  UNSUPPORTED: { wire: 12, exit: 1 },
  TRUNCATED: { wire: 13, exit: 1 },
  VARINT_OVERFLOW: { wire: 14, exit: 1 },
  ILLEGAL_LENGTH: { wire: 15, exit: 1 },
  BAD_SYNCINFO: { wire: 16, exit: 1 },
  BAD_PERMUTATION: { wire: 17, exit: 1 },
  WISHLIST_TOO_SHORT: { wire: 18, exit: 1 },
  WISHLIST_TOO_LONG: { wire: 19, exit: 1 },
  PLACEHOLDER_REQUESTED: { wire: 20, exit: 1 },
  UNEXPECTED_CHUNK: { wire: 21, exit: 1 },
  UNSOLICITED: { wire: 22, exit: 1 },
  CHUNK_MISSING: { wire: 23, exit: 1 },
  BAD_FRAME: { wire: 24, exit: 1 },
  BAD_MESSAGE: { wire: 25, exit: 1 },
  CORRUPT: { wire: 26, exit: 1 },
  PATH: { wire: 27, exit: 1 },
  CHANGED: { wire: 28, exit: 3 },
  VANISHED: { wire: 29, exit: 3 },
  PARTIAL: { wire: 30, exit: 3 },
  UNAUTHORIZED: { wire: 31, exit: 6 },
  UPSTREAM: { wire: 32, exit: 1 },
  SKIPPED: { wire: 33, exit: 3 },
  DIFFERENT: { wire: 34, exit: 4 },
} as const satisfies Record<string, CodeFacts>;

/** What went wrong, as a word to match on. */
export type SyncErrorCode = keyof typeof errorCodes;

/** Where it happened; every member is optional and safe to print after escaping. */
export interface SyncErrorDetail {
  readonly path?: string;
  readonly offset?: number;
  readonly index?: number;
  readonly limit?: number;
  readonly actual?: number;
  /** The status of the answer by which a server refused. */
  readonly status?: number;
  /** The word by which it did, such as `AccessDenied`. */
  readonly reason?: string;
  /** By what name a server has its answer in its own records. */
  readonly requestId?: string;
  /** The bucket that was asked, where the path is that of an object in it. */
  readonly bucket?: string;
  /** The field of what was asked for, such as `order.filter`. */
  readonly field?: string;
}

/** What a SyncError carries beside its code and message. */
export interface SyncErrorOptions {
  readonly cause?: unknown;
  readonly detail?: SyncErrorDetail;
  /** True when the other end reported it. */
  readonly remote?: boolean;
}

/** The one error class of the library. */
export class SyncError extends Error {
  override readonly name = "SyncError";
  readonly code: SyncErrorCode;
  readonly detail: SyncErrorDetail;
  readonly remote: boolean;

  /** Says what happened, to people. A path belongs into `options.detail`, not into the message. */
  constructor(code: SyncErrorCode, message: string, options: SyncErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = options.detail ?? {};
    this.remote = options.remote ?? false;
  }
}

/** True for a SyncError of any copy of this library, of the given code when one is named. */
export function isSyncError(value: unknown, code?: SyncErrorCode): value is SyncError {
  if (!(value instanceof Error) || value.name !== "SyncError") return false;
  const found = (value as { code?: unknown }).code;
  return isErrorCode(found) && (code === undefined || found === code);
}

/** True for a code of this version, of whatever another program says. */
export function isErrorCode(value: unknown): value is SyncErrorCode {
  return typeof value === "string" && Object.hasOwn(errorCodes, value);
}

/** The code that a wire number stands for, or INTERNAL for one that this version does not know. */
export function codeOfWire(wire: number): SyncErrorCode {
  for (const [code, facts] of Object.entries(errorCodes)) {
    if (facts.wire === wire) return code as SyncErrorCode;
  }
  return "INTERNAL";
}

/** Turns whatever was thrown into a SyncError; a SyncError passes unchanged. */
export function toSyncError(
  thrown: unknown,
  code: SyncErrorCode = "INTERNAL",
  detail?: SyncErrorDetail,
): SyncError {
  if (isSyncError(thrown)) return thrown;
  const known = (code === "INTERNAL" || code === "IO") && isOfSystem(thrown) ? codeOfSystem(thrown) : code;
  return new SyncError(known, messageOf(thrown), { cause: thrown, ...(detail && { detail }) });
}

/**
 * What was thrown says, without a path of /proc by which this process reached a file: that means
 * nothing to anybody else.
 */
export function messageOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return message.replace(/(?: ->)? '\/proc\/self\/fd\/.*$/s, "");
}

/** What the system said to a call. */
interface SystemError extends Error {
  readonly code?: unknown;
  readonly errno?: unknown;
}

/** True for what the system said to a call: that is no mistake in this library. */
function isOfSystem(thrown: unknown): thrown is SystemError {
  return thrown instanceof Error && "syscall" in thrown;
}

function codeOfSystem({ code, errno }: SystemError): SyncErrorCode {
  if (code === "ENOSPC" || code === "EDQUOT") return "NO_SPACE";
  // Node has no name for a quota that is used up, and systems have different numbers.
  const quota = globalThis.process?.getBuiltinModule?.("node:os").constants.errno.EDQUOT;
  return quota !== undefined && errno === -quota ? "NO_SPACE" : "IO";
}

/** What is thrown for a path at which nothing is. */
export function nothingAt(path: string, cause?: unknown): SyncError {
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(path);
  const message = `no such file or directory${isUrl ? ": what is meant has to be here, at a path" : ""}`;
  return new SyncError("NOT_FOUND", message, { cause, detail: { path } });
}

/** The same error with the path it is about, when it names none but the root's. */
export function withPath(error: SyncError, path: string): SyncError {
  return (error.detail.path ?? "") !== "" || path === "" ? error : withDetail(error, { path });
}

/** The same error with more of where it happened. */
export function withDetail(error: SyncError, more: SyncErrorDetail): SyncError {
  const { cause, code, message, remote, detail } = error;
  return new SyncError(code, message, { cause, remote, detail: { ...detail, ...more } });
}
