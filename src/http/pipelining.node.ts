import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** The latest answer on each connection, and the end of those on which one had to wait. */
const latest = new WeakMap<Socket, ServerResponse>();
const endings = new WeakMap<Socket, Promise<void>>();

/**
 * Waits until the requests before this one on its connection are answered (RFC 9112 §9.3.2): an
 * answer that waits for its turn is not told when its client goes.
 *
 * @returns false when the client is gone
 */
export async function waitForEarlier(
  { socket }: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const before = latest.get(socket);
  if (before === response) return !socket.destroyed;
  latest.set(socket, response);
  if (before && !before.writableFinished && !before.destroyed)
    await Promise.race([closing(before), endOf(socket)]);
  return !socket.destroyed;
}

function endOf(socket: Socket): Promise<void> {
  const known = endings.get(socket);
  if (known) return known;
  const end = closing(socket);
  endings.set(socket, end);
  return end;
}

function closing(stream: Socket | ServerResponse): Promise<void> {
  if (stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => void stream.once("close", () => resolve()));
}
