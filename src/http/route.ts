import { SyncError } from "../errors.ts";
import { parseQuery, type Query } from "../transport/query.ts";
import {
  type GroupPart,
  groupPattern,
  type SessionDirection,
  sessionMediaType,
} from "../transport/session-request.ts";
import { openTurns } from "../transport/turns.ts";
import { asksForDeletion, decodeOrder } from "../tree/order/order-codec.ts";
import type { Order } from "../tree/order/order.ts";
import { parseSharePath, type SharePath } from "./share-path.ts";

/** What may be done with a share. */
export type Scope = "read" | "write" | "delete";

/** What a client wants of a share. */
export interface SessionOrder {
  readonly direction: SessionDirection;
  /** What is to be done with the tree at this end. */
  readonly order: Order;
}

/** What a request is about. */
export type Route =
  | { readonly kind: "health" }
  | { readonly kind: "metrics" }
  | ({
      readonly kind: "session";
      readonly path: SharePath;
      /** True for one that opens a session in turns. */
      readonly inTurns: boolean;
      /** The group that the connection is a part of, if any. */
      readonly part: GroupPart | undefined;
    } & SessionOrder)
  | ({ readonly kind: "turn" } & SessionOrder)
  /** The store of chunks, to be brought up to date or to bring another one. */
  | { readonly kind: "mirror"; readonly direction: SessionDirection }
  /** Whether one may ask for a session. */
  | ({ readonly kind: "access" } & SessionOrder)
  | { readonly kind: "file"; readonly path: SharePath }
  /** What is in a directory, from behind a name on whose bytes are given in hex. */
  | { readonly kind: "names"; readonly path: SharePath; readonly after: string }
  /** A file as it is. */
  | { readonly kind: "content"; readonly path: SharePath }
  | StoredRoute;

/** What is stored and may be offered. */
type StoredKind = "chunks" | "indexes";

/** A chunk or an index, by its path in a store. */
interface StoredRoute {
  readonly kind: "stored";
  readonly of: StoredKind;
  readonly path: string;
  /** True for one that is sent. */
  readonly writes: boolean;
}

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
  const query = parseQuery(url);
  if (query.has("token")) throw new SyncError("BAD_MESSAGE", "a token does not belong into a URL");
  const view = upgrade ? undefined : query.get("view");
  if (view !== undefined) return viewOf(method, view, path, query);
  if (upgrade && path === "/-/chunks/") return { kind: "mirror", direction: wishIn(query).direction };
  if (upgrade || query.has("session")) {
    const turns = upgrade ? undefined : query.get("turns");
    const opens = turns === undefined || turns === openTurns;
    if (!upgrade && (opens || method === "POST")) checkSessionPost(method, contentType);
    const wish = wishIn(query);
    if (!opens) return { kind: "turn", ...wish };
    const part = partIn(query);
    const inTurns = turns !== undefined;
    if (inTurns && part) throw new SyncError("BAD_MESSAGE", "a session in turns has one connection");
    return { kind: "session", path: parseSharePath(path), inTurns, part, ...wish };
  }
  if (method === "GET" && path === "/healthz") return { kind: "health" };
  if (method === "GET" && path === "/metrics") return { kind: "metrics" };
  return { kind: "file", path: parseSharePath(path) };
}

/**
 * The chunk or index that a request is about, below `/-/`; undefined for another one.
 *
 * @param offered what there may be requests for
 */
export function storedIn(
  method: string,
  url: string,
  offered: Readonly<Partial<Record<StoredKind, unknown>>>,
): StoredRoute | undefined {
  const [, of, path] = /^\/-\/(chunks|indexes)\/(.*)$/s.exec(url) ?? [];
  if (path === undefined || offered[of as StoredKind] === undefined) return undefined;
  return { kind: "stored", of: of as StoredKind, path, writes: method === "PUT" };
}

function viewOf(method: string, view: string, path: string, query: Query): Route {
  if (method !== "GET" || (view !== "names" && view !== "content" && view !== "access"))
    throw new SyncError("BAD_MESSAGE", "a place is looked at by GET, with ?view=names, content or access");
  if (view === "access") return { kind: view, ...wishIn(query) };
  if (view === "content") return { kind: view, path: parseSharePath(path) };
  const after = query.get("after") ?? "";
  if (!/^(?:[0-9a-f]{2}){0,255}$/.test(after))
    throw new SyncError("BAD_MESSAGE", "names are asked for from behind the bytes of one on, in hex");
  return { kind: view, path: parseSharePath(path), after };
}

/**
 * True for a request that is about something that travels in its body; all others have none.
 *
 * @throws BAD_MESSAGE
 */
export function bringsBody(method: string, url: string): boolean {
  const turns = parseQuery(url).get("turns");
  return method === "POST" ? turns !== openTurns : method === "DELETE" && turns !== undefined;
}

/** No form and no simple request of a web page has such a type. */
function checkSessionPost(method: string, contentType: string | undefined): void {
  if (method === "POST" && contentType === sessionMediaType) return;
  throw new SyncError(
    "BAD_MESSAGE",
    `a session is asked for by an upgrade, or by POST with Content-Type ${sessionMediaType}`,
  );
}

function wishIn(query: Query): SessionOrder {
  const direction = query.get("session");
  if (direction !== "pull" && direction !== "push")
    throw new SyncError("BAD_MESSAGE", "a session is asked for with ?session=pull or ?session=push");
  const text = query.get("order");
  const order = text === undefined ? {} : decodeOrder(text, direction === "pull" ? "sender" : "receiver");
  return { direction, order };
}

function partIn(query: Query): GroupPart | undefined {
  const [opened, joined] = [query.get("group"), query.get("join")];
  if (opened === undefined && joined === undefined) return undefined;
  const group = opened ?? joined!;
  if ((opened !== undefined && joined !== undefined) || !groupPattern.test(group))
    throw new SyncError("BAD_MESSAGE", "a connection opens or joins one group, named by 32 digits in hex");
  return { group, opens: opened !== undefined };
}

/** What one has to be allowed to do for a route; nothing for those that tell nothing. */
export function scopeOf(route: Route): Scope | undefined {
  if (route.kind === "health") return undefined;
  if (route.kind === "stored") return route.writes ? "write" : "read";
  if (!("direction" in route) || route.direction === "pull") return "read";
  if (route.kind === "mirror") return "write";
  return asksForDeletion(route.order) ? "delete" : "write";
}
