import { createRequire } from "node:module";
import { abortable } from "../bytes/abort.ts";
import { isSyncError, SyncError } from "../errors.ts";
import { recordLimits } from "./work-record.ts";
import type { Register } from "./register.ts";
import type { AbortOptions } from "../types.ts";

/** How a server of Redis is asked. */
export const redisLimits = Object.freeze({
  /** Milliseconds for a connection, and for an answer. */
  redisAnswerMs: 10_000,
  /** Tries of a command while connections fail. */
  redisAttemptCount: 4,
  /** Seconds after which the server forgets what nobody has touched. */
  redisKeptSeconds: 2_592_000,
});

/**
 * Replaces a hash when it has the version that is given, and returns 1 then. The server runs it as
 * one step.
 */
const replaceScript = `
local version = redis.call('HGET', KEYS[1], 'version') or ''
if version ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'text', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1`;

/**
 * A register at a server of Redis: a hash with a text and the number of its version.
 *
 * @param url such as `redis://host:6379/0`, or `rediss://` for TLS
 * @throws UNSUPPORTED where the client is not installed
 */
export function redisRegister(url: string, key: string): Register {
  const { Redis } = loadClient();
  const { redisAnswerMs, redisAttemptCount, redisKeptSeconds } = redisLimits;
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: redisAnswerMs,
    commandTimeout: redisAnswerMs,
    maxRetriesPerRequest: redisAttemptCount,
  });
  // Each command tells its own failure, and what became of the connection.
  let lost: unknown;
  client.on("error", (error) => (lost = error));
  const tell = async <Result>(act: () => Promise<Result>, options?: AbortOptions): Promise<Result> =>
    told(act, () => lost, options);

  return {
    read: (options) =>
      tell(async () => {
        const [version, text] = await client.hmget(key, "version", "text");
        if (typeof version !== "string" || typeof text !== "string") return undefined;
        if (text.length > recordLimits.recordBytes)
          throw new SyncError("LIMIT", "the record at the coordinator is too long");
        return { text, version };
      }, options),
    replace: (text, version, options) =>
      tell(async () => {
        const next = `${Number(version ?? 0) + 1}`;
        const done = await client.eval(replaceScript, 1, key, version ?? "", next, text, redisKeptSeconds);
        return done === 1;
      }, options),
    async close() {
      client.disconnect();
    },
  };
}

function loadClient(): Pick<typeof import("ioredis"), "Redis"> {
  try {
    return createRequire(import.meta.url)("ioredis") as typeof import("ioredis");
  } catch (thrown) {
    throw new SyncError("UNSUPPORTED", "ioredis, an optional dependency, is not installed", {
      cause: thrown,
    });
  }
}

/** Says in our words what a command failed with. No message of the client has the password. */
async function told<Result>(
  act: () => Promise<Result>,
  lost: () => unknown,
  { signal }: AbortOptions = {},
): Promise<Result> {
  try {
    return await abortable(act(), signal);
  } catch (thrown) {
    signal?.throwIfAborted();
    if (isSyncError(thrown)) throw thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    if (/^(?:NOAUTH|WRONGPASS|NOPERM)/.test(message))
      throw new SyncError("UNAUTHORIZED", `Redis answers ${message}`, { cause: thrown });
    if (/^[A-Z]{2,} /.test(message))
      throw new SyncError("UPSTREAM", `Redis answers ${message}`, { cause: thrown });
    throw new SyncError("PEER_GONE", `Redis does not answer: ${reasonOf(thrown, lost())}`, { cause: thrown });
  }
}

/** Why a command had no answer: the client speaks of its own options there. */
function reasonOf(thrown: unknown, lost: unknown): string {
  if (thrown instanceof Error && thrown.message === "Command timed out")
    return `nothing came in ${redisLimits.redisAnswerMs / 1000} s`;
  const text = lost instanceof Error ? lost.message || ((lost as NodeJS.ErrnoException).code ?? "") : "";
  return text === "" ? "the connection was closed" : text;
}
