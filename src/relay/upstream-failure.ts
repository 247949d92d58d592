import { SyncError, type SyncErrorCode } from "../errors.ts";

/** News about what the upstream has, which its downstreams get as it is. */
const news: ReadonlySet<SyncErrorCode> = new Set(["NOT_FOUND", "CHANGED"]);

/** What the relay itself cannot do or will not. */
const own: ReadonlySet<SyncErrorCode> = new Set([
  "ABORTED",
  "LIMIT",
  "NO_SPACE",
  "IO",
  "CHUNK_MISSING",
  "CORRUPT",
  "STATE",
]);

/**
 * What downstreams are told when a relay cannot receive: that something is not there is news of the
 * upstream, a broken line is not.
 *
 * @param begun whether the upstream had begun to send
 */
export function upstreamFailure(error: SyncError, begun: boolean): SyncError {
  const { code, message, remote } = error;
  if (news.has(code) || (own.has(code) && !remote)) return new SyncError(code, message, { cause: error });
  return new SyncError("UPSTREAM", `${lead(error, begun)}: ${message}`, { cause: error });
}

function lead({ code, remote }: SyncError, begun: boolean): string {
  if (remote && code !== "UPSTREAM") return "the relay's upstream refuses";
  return begun ? "the relay lost its upstream" : "the relay's upstream cannot be reached";
}
