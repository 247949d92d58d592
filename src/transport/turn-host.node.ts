import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { SyncError } from "../errors.ts";
import { type ChannelDuplex, duplexOf } from "./channel.ts";
import { errorOfRefusal, maxRefusalBytes } from "./refusal.ts";
import { parseQuery } from "./query.ts";
import { sessionMediaType } from "./session-request.ts";
import { TurnSession } from "./turn-session.ts";
import { atHeader, endHeader, openTurns, parsePosition, turnIdPattern, turnLimits } from "./turns.ts";

export interface TurnHostOptions {
  /**
   * Sessions that are kept, those included of which a client may still ask for the end again; 256
   * unless given.
   */
  readonly sessionCount?: number;
  /**
   * Milliseconds that a request is held back while there is nothing to say, or no room; 20 s unless
   * given.
   */
  readonly waitMs?: number;
  /**
   * Milliseconds without any request after which a client is taken for gone; 60 s unless given, and
   * more than `waitMs`.
   */
  readonly idleMs?: number;
}

/** The server's side of sessions in turns. */
export interface TurnHost {
  /** Sessions that are kept. */
  readonly sessionCount: number;
  /**
   * Answers a request whose URL has `turns` in its query; who may ask has been decided before. One
   * that opens a session gives its duplex.
   *
   * @param owner who asks, and for what; a session is there for the one who opened it only. The
   *   request's `Authorization` unless given
   * @throws what the request is to be refused with, before anything was answered: BAD_MESSAGE,
   *   NOT_FOUND, LIMIT, or PEER_GONE when the session is over
   */
  handle(
    request: IncomingMessage,
    response: ServerResponse,
    owner?: string,
  ): Promise<ChannelDuplex | undefined>;
  /** Breaks off all sessions. */
  close(): void;
}

/** Makes the server's side of sessions in turns (docs/http.md), for `connectTurns`. */
export function createTurnHost(options: TurnHostOptions = {}): TurnHost {
  return new Host(options);
}

interface Held {
  readonly session: TurnSession;
  readonly owner: Buffer;
}

const neverStored = { "Cache-Control": "no-store, no-transform" };

class Host implements TurnHost {
  readonly #sessions = new Map<string, Held>();
  readonly #options: Required<TurnHostOptions>;

  constructor(options: TurnHostOptions) {
    const { turnSessionCount: sessionCount, turnWaitMs: waitMs, turnIdleMs: idleMs } = turnLimits;
    this.#options = { sessionCount, waitMs, idleMs, ...options };
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  async handle(
    request: IncomingMessage,
    response: ServerResponse,
    owner = request.headers.authorization ?? "",
  ): Promise<ChannelDuplex | undefined> {
    const query = parseQuery(request.url ?? "");
    endBodyWithin(request, this.#options.idleMs);
    if (request.method === "POST" && request.headers["content-type"] !== sessionMediaType) {
      throw new SyncError("BAD_MESSAGE", `a turn is sent with Content-Type ${sessionMediaType}`);
    }
    const id = query.get("turns") ?? "";
    if (id === openTurns) return this.#open(request, response, owner);
    const session = this.#find(id, owner);
    session.touch();
    try {
      await answer(session, request, response, query.get("at") ?? "");
    } finally {
      session.touch();
    }
    return undefined;
  }

  close(): void {
    const closing = new SyncError("ABORTED", "the server is closing");
    for (const { session } of this.#sessions.values()) session.abort(closing);
  }

  #open(request: IncomingMessage, response: ServerResponse, owner: string): ChannelDuplex {
    if (request.method !== "POST") throw new SyncError("BAD_MESSAGE", "a session is opened by POST");
    this.#makeRoom();
    const id = randomBytes(16).toString("hex");
    const { waitMs, idleMs } = this.#options;
    const session = new TurnSession({ waitMs, idleMs, onOver: () => this.#sessions.delete(id) });
    this.#sessions.set(id, { session, owner: digestOf(owner) });
    response.writeHead(201, { ...neverStored, "Content-Type": "application/json" });
    response.end(`${JSON.stringify({ id })}\n`);
    return duplexOf(session);
  }

  /** Sessions that are done, and whose clients did not say so, give way. */
  #makeRoom(): void {
    const limit = this.#options.sessionCount;
    if (this.#sessions.size < limit) return;
    const gone = new SyncError("PEER_GONE", "the session is over");
    for (const { session } of this.#sessions.values()) if (session.isDone) session.lose(gone);
    if (this.#sessions.size < limit) return;
    throw new SyncError("LIMIT", `${limit} sessions in turns at one time`, { detail: { limit } });
  }

  /** A session of somebody else is as one that is not there. */
  #find(id: string, owner: string): TurnSession {
    const held = turnIdPattern.test(id) ? this.#sessions.get(id) : undefined;
    if (held && timingSafeEqual(held.owner, digestOf(owner))) return held.session;
    throw new SyncError("NOT_FOUND", "no such session");
  }
}

async function answer(
  session: TurnSession,
  request: IncomingMessage,
  response: ServerResponse,
  at: string,
): Promise<void> {
  if (request.method === "POST") return take(session, request, response, parsePosition(at));
  if (request.method === "GET") return give(session, response, parsePosition(at));
  if (request.method !== "DELETE") throw new SyncError("BAD_MESSAGE", "no method of a session in turns");
  session.lose(await leavingReason(request));
  response.writeHead(204, neverStored);
  response.end();
}

async function take(
  session: TurnSession,
  request: IncomingMessage,
  response: ServerResponse,
  at: number,
): Promise<void> {
  const end = request.headers[endHeader.toLowerCase()];
  const position = await session.take({
    at,
    end: end === undefined ? undefined : parsePosition(String(end)),
    bytes: request.iterator({ destroyOnReturn: false }),
    cancel: () => request.destroy(),
  });
  request.resume(); // what there was no room for comes again
  response.writeHead(204, { ...neverStored, [atHeader]: position });
  response.end();
}

async function give(session: TurnSession, response: ServerResponse, at: number): Promise<void> {
  response.once("close", () => response.writableFinished || session.stopGiving());
  const words = await session.give(at);
  response.writeHead(200, {
    ...neverStored,
    "Content-Type": sessionMediaType,
    "Content-Length": words.bytes.length,
    ...(words.end !== undefined && { [endHeader]: words.end }),
  });
  response.once("finish", () => session.given(words));
  response.end(words.bytes);
}

async function leavingReason(request: IncomingMessage): Promise<SyncError> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxRefusalBytes) throw new SyncError("LIMIT", "the reason is too long");
    parts.push(part);
  }
  const why = size === 0 ? "" : `: ${errorOfRefusal(0, Buffer.concat(parts)).message}`;
  return new SyncError("PEER_GONE", `the client broke the session off${why}`);
}

/** A body that trickles in, or whose rest nobody needs, does not keep its connection for ever. */
function endBodyWithin(request: IncomingMessage, limitMs: number): void {
  const timer = setTimeout(() => request.complete || request.destroy(), limitMs).unref();
  request.once("close", () => clearTimeout(timer));
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
