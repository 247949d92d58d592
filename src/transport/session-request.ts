/**
 * The media type of the bytes of a session; no form and no simple request of a web page can have
 * it.
 */
export const sessionMediaType = "application/vnd.rsync-stream";

/** The WebSocket subprotocol of a session. */
export const sessionSubprotocol = "rsync-stream.1";

/** What a client wants of a resource: to receive it, or to send to it. */
export type SessionDirection = "pull" | "push";

/** What one connection is to a group of them: docs/parallel.md. */
export interface GroupPart {
  /** 32 hexadecimal digits, made up by the client. */
  readonly group: string;
  /** True for the connection that opens the group and starts the session; others join it. */
  readonly opens: boolean;
}

/** How a group is named. */
export const groupPattern = /^[0-9a-f]{32}$/;

/** What a client wants of a resource, in full. */
export interface SessionWish {
  readonly direction: SessionDirection;
  /** What the other end is to do with the tree, as JSON; nothing unless given. */
  readonly order?: string | undefined;
  /** The group that the connection is a part of; it is one by itself unless given. */
  readonly part?: GroupPart | undefined;
}

/** The URL by which a client asks for a session with a resource. */
export function sessionUrl(url: string, wish: SessionDirection | SessionWish): string {
  const { direction, order, part }: SessionWish = typeof wish === "string" ? { direction: wish } : wish;
  const asked = new URL(url);
  asked.searchParams.set("session", direction);
  if (order !== undefined) asked.searchParams.set("order", order);
  if (part !== undefined) asked.searchParams.set(part.opens ? "group" : "join", part.group);
  return asked.href;
}
