import type { IncomingMessage, ServerResponse } from "node:http";
import { override } from "../bytes/override.ts";
import { type ChannelDuplex, duplexOf } from "./channel.ts";
import { type HttpOptions, openRequest, readRefusal, responseTo } from "./http-request.node.ts";
import { nodeStreamDuplex } from "./node-stream.node.ts";
import { sessionMediaType } from "./session-request.ts";

export type { HttpOptions } from "./http-request.node.ts";

/**
 * Connects by one HTTP/1.1 request whose body is the one direction and whose response is the other,
 * both under way at once (docs/http.md). Redirects are not followed.
 *
 * @throws what the server refuses with (`remote`: UNAUTHORIZED, NOT_FOUND, LIMIT, ...), PEER_GONE
 *   when no connection comes about, STALLED when no answer comes, USAGE for another kind of URL
 */
export async function connectHttp(url: string, options: HttpOptions = {}): Promise<ChannelDuplex> {
  options.signal?.throwIfAborted();
  const request = openRequest(url, "POST", {
    ...options,
    headers: { ...options.headers, "Content-Type": sessionMediaType, Accept: sessionMediaType },
  });
  request.flushHeaders();
  const response = await responseTo(request, options);
  if (response.statusCode !== 200) throw await readRefusal(response);
  request.on("error", () => {}); // the channel listens too, but not any more after its end
  return nodeStreamDuplex(response, request);
}

/**
 * The server's end of such a request; it answers at once. The server must not limit the time of a
 * whole request (`requestTimeout: 0`), nor may a proxy before it collect bodies.
 */
export function httpDuplex(request: IncomingMessage, response: ServerResponse): ChannelDuplex {
  request.socket.setNoDelay(true);
  response.writeHead(200, {
    "Content-Type": sessionMediaType,
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
  });
  response.flushHeaders();
  closeWithSocket(request);
  const { channel } = nodeStreamDuplex(request, response);
  return duplexOf(
    override(channel, {
      abort(reason) {
        channel.abort(reason);
        request.socket.destroy(); // or the peer would take a broken answer for a complete one
      },
    }),
  );
}

/**
 * A request whose response is complete does not hear of it by itself when its connection is gone.
 */
function closeWithSocket(request: IncomingMessage): void {
  const { socket } = request;
  const close = (): void => void request.destroy();
  socket.once("close", close);
  request.once("close", () => socket.off("close", close));
}
