import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { SyncError } from "../errors.ts";

/** What may be asked before answers have come. */
export const pipelineLimits = Object.freeze({
  /** Requests on one connection that are not answered. */
  pipelinedCount: 16,
});

/** The requests on one connection. */
interface Pipeline {
  /** The latest answer. */
  latest: ServerResponse;
  /** Requests that wait for earlier ones. */
  waitingCount: number;
  /** Resolves when the connection is gone; set once one had to wait. */
  ending?: Promise<void>;
}

const pipelines = new WeakMap<Socket, Pipeline>();

/**
 * Waits until the requests before this one on its connection are answered (RFC 9112 §9.3.2): an
 * answer that waits for its turn is not told when its client goes.
 *
 * @returns false when the client is gone
 * @throws LIMIT when too many wait; the connection is closed
 */
export async function waitForEarlier(
  { socket }: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (socket.destroyed) return false;
  const pipeline = pipelines.get(socket);
  if (!pipeline) {
    pipelines.set(socket, { latest: response, waitingCount: 0 });
    return true;
  }
  const before = pipeline.latest;
  if (before === response) return true;
  pipeline.latest = response;
  if (before.writableFinished || before.destroyed) return true;
  await waitIn(pipeline, before, socket);
  return !socket.destroyed;
}

async function waitIn(pipeline: Pipeline, before: ServerResponse, socket: Socket): Promise<void> {
  if (pipeline.waitingCount >= pipelineLimits.pipelinedCount) {
    socket.destroy();
    throw new SyncError("LIMIT", "too many requests came before they were answered");
  }
  pipeline.waitingCount += 1;
  pipeline.ending ??= closing(socket);
  await Promise.race([closing(before), pipeline.ending]);
  pipeline.waitingCount -= 1;
}

function closing(stream: Socket | ServerResponse): Promise<void> {
  if (stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => void stream.once("close", () => resolve()));
}
