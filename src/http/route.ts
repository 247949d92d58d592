import { SyncError } from "../errors.ts";
import { type SessionDirection, type SessionWish, sessionMediaType } from "../transport/session-request.ts";
import { parseSharePath, type SharePath } from "./share-path.ts";

/** What may be done with a share. */
export type Scope = "read" | "write" | "delete";

/** What a request is about. */
export type Route =
  | { readonly kind: "health" }
  | { readonly kind: "metrics" }
  | ({ readonly kind: "session"; readonly path: SharePath } & SessionWish)
  | { readonly kind: "file"; readonly path: SharePath };

/** What is known of a request before it is let in. */
export interface Asked {
  readonly method: string;
  /** The path and the query, as they came. */
  readonly url: string;
  readonly contentType: string | undefined;
  /** True for one that asks for a WebSocket. */
  readonly upgrade: boolean;
}

/**
 * Finds out what a request is about; everything that is not named here is a file.
 *
 * @throws PATH, BAD_MESSAGE, UNSUPPORTED for one that is about nothing
 */
export function routeOf({ method, url, contentType, upgrade }: Asked): Route {
  const mark = url.indexOf("?");
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
  if (query.has("token")) throw new SyncError("BAD_MESSAGE", "a token does not belong into a URL");
  const session = query.get("session");
  if (upgrade || session !== null) {
    if (!upgrade && (method !== "POST" || contentType !== sessionMediaType)) {
      throw new SyncError(
        "BAD_MESSAGE",
        `a session is asked for by POST with Content-Type ${sessionMediaType}`,
      );
    }
    if (session !== "pull" && session !== "push") {
      throw new SyncError("BAD_MESSAGE", "a session is asked for with ?session=pull or ?session=push");
    }
    const deletion = query.get("delete");
    if (deletion === null) return { kind: "session", direction: session, path: parseSharePath(path) };
    const maxDeletedCount = readDeletion(deletion, session);
    return { kind: "session", direction: session, path: parseSharePath(path), maxDeletedCount };
  }
  if (method === "GET" && path === "/healthz") return { kind: "health" };
  if (method === "GET" && path === "/metrics") return { kind: "metrics" };
  return { kind: "file", path: parseSharePath(path) };
}

function readDeletion(text: string, direction: SessionDirection): number {
  if (direction !== "push" || !/^\d{1,15}$/.test(text))
    throw new SyncError("BAD_MESSAGE", "a push is asked to delete with &delete= and how much at most");
  return Number(text);
}

/** What one has to be allowed to do for a route; nothing for those that tell nothing. */
export function scopeOf(route: Route): Scope | undefined {
  if (route.kind === "health") return undefined;
  if (route.kind !== "session" || route.direction === "pull") return "read";
  return route.maxDeletedCount === undefined ? "write" : "delete";
}
