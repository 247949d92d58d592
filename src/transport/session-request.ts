/**
 * The media type of the bytes of a session; no form and no simple request of a web page can have
 * it.
 */
export const sessionMediaType = "application/vnd.rsync-stream";

/** The WebSocket subprotocol of a session. */
export const sessionSubprotocol = "rsync-stream.1";

/** What a client wants of a resource: to receive it, or to send to it. */
export type SessionDirection = "pull" | "push";

/** What a client wants of a resource, in full. */
export interface SessionWish {
  readonly direction: SessionDirection;
  /**
   * With a push: to delete what the sender does not have, unless it is more than so many files and
   * directories.
   */
  readonly maxDeletedCount?: number;
  /** With a push: to tell what would be done, and to do nothing. */
  readonly dryRun?: boolean;
  /** Over a remote shell, with a push: options about what is brought about, as words. */
  readonly planWords?: readonly string[];
  /** Over a remote shell: rules for what to leave out, or, with a push that deletes, to spare. */
  readonly filter?: readonly string[];
  /** With those: that rules which name no end are the sender's. */
  readonly deletesExcluded?: boolean;
}

/** The URL by which a client asks for a session with a resource. */
export function sessionUrl(url: string, wish: SessionDirection | SessionWish): string {
  const { direction, maxDeletedCount, dryRun } = typeof wish === "string" ? { direction: wish } : wish;
  const asked = new URL(url);
  asked.searchParams.set("session", direction);
  if (maxDeletedCount !== undefined) asked.searchParams.set("delete", String(maxDeletedCount));
  if (dryRun === true) asked.searchParams.set("dry-run", "");
  return asked.href;
}
