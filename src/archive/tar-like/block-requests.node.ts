import type { IncomingMessage } from "node:http";
import { jsonRecord } from "../../bytes/json-record.ts";
import { isPassing, wait } from "../../bytes/retry.ts";
import { backoffMs } from "../../bucket/requests.ts";
import { SyncError, toSyncError } from "../../errors.ts";
import { type HttpOptions, openRequest, readRefusal, responseTo } from "../../transport/http-request.node.ts";
import type { AbortOptions, Bytes } from "../../types.ts";
import { tarLikeLimits } from "./block-limits.ts";

/** Tries of a request that fails in a way that may pass, and the wait before the second. */
const attemptCount = 5;
const retryMs = 500;

/** A request that a receiver of tar-like answers for. */
interface PutRequest {
  readonly url: string;
  readonly frame: Bytes;
  /** True for the answer to what was done. */
  readonly isDone: (answer: Readonly<Record<string, unknown>>) => boolean;
}

/**
 * Sends a table or a block, again when that fails in a way that may pass.
 *
 * @throws what the receiver says; BAD_MESSAGE for an answer that does not say that it was done;
 *   PEER_GONE, STALLED, the signal's reason
 */
export async function putFrame(request: PutRequest, options: HttpOptions): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await putOnce(request, options);
    } catch (thrown) {
      options.signal?.throwIfAborted();
      if (attempt >= attemptCount || !isPassing(thrown)) throw thrown;
      await wait(backoffMs(attempt, retryMs), options.signal);
    }
  }
}

async function putOnce({ url, frame, isDone }: PutRequest, options: HttpOptions): Promise<void> {
  const headers = { ...options.headers, "Content-Length": `${frame.length}` };
  const request = openRequest(url, "PUT", { ...options, headers });
  request.end(frame);
  const response = await responseTo(request, { ...options, connectMs: tarLikeLimits.blockAnswerMs });
  if (response.statusCode !== 200) throw await readRefusal(response);
  if (!isDone(jsonRecord(await textOf(response, options))))
    throw new SyncError("BAD_MESSAGE", "the receiver answers, but does not say that it was done");
}

/** The text of an answer, which has as long to end as it had to begin. */
async function textOf(response: IncomingMessage, { signal }: AbortOptions): Promise<string> {
  const { answerChars, blockAnswerMs } = tarLikeLimits;
  const stall = new SyncError("STALLED", `the answer did not end within ${blockAnswerMs} ms`);
  const timer = setTimeout(() => response.destroy(stall), blockAnswerMs);
  const onAbort = (): void => void response.destroy();
  signal?.addEventListener("abort", onAbort, { once: true });
  let text = "";
  try {
    for await (const part of response.setEncoding("utf8") as AsyncIterable<string>)
      if ((text += part).length > answerChars) break;
    return text;
  } catch (thrown) {
    signal?.throwIfAborted();
    throw toSyncError(thrown, "PEER_GONE");
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
