/** The media type of the bytes of a session; no form and no simple request of a web page can have it. */
export const sessionMediaType = "application/vnd.rsync-stream";

/** The WebSocket subprotocol of a session. */
export const sessionSubprotocol = "rsync-stream.1";

/** What a client wants of a resource: to receive it, or to send to it. */
export type SessionDirection = "pull" | "push";

/** The URL by which a client asks for a session with a resource. */
export function sessionUrl(url: string, direction: SessionDirection): string {
  const asked = new URL(url);
  asked.searchParams.set("session", direction);
  return asked.href;
}
