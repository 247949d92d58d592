import { setMaxListeners } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex as NodeDuplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { SyncError, toSyncError } from "../errors.ts";
import { sessionTimes } from "../session/limits.ts";
import { httpDuplex } from "../transport/http.node.ts";
import { refuseSocket, sendRefusal } from "../transport/refusal.node.ts";
import { sessionSubprotocol } from "../transport/session-request.ts";
import { createTurnHost, type TurnHost } from "../transport/turn-host.node.ts";
import type { ChannelDuplex } from "../transport/channel.ts";
import { socketOptions, wsDuplex } from "../transport/ws.node.ts";
import type { Annex } from "./annex.node.ts";
import { waitForEarlier } from "./pipelining.node.ts";
import { text } from "./plain-answer.node.ts";
import { Connections } from "./connections.node.ts";
import { allowPage } from "./cors.node.ts";
import { dirShare } from "./dir-share.node.ts";
import { FileAnswers } from "./file-answers.node.ts";
import { Gate } from "./gate.node.ts";
import { limitsOfPush } from "./served-limits.ts";
import { type Listener, listenHttp, type ListenOptions, serverLimits } from "./listener.node.ts";
import { checkHead, checkNoBody, ownerOf } from "./request-head.node.ts";
import { bringsBody, type Route, routeOf, scopeOf, storedIn } from "./route.ts";
import { ServedSessions } from "./served-sessions.node.ts";
import { ServerRecord } from "./server-record.node.ts";
import type { ServerOptions, SyncServer } from "./server-options.node.ts";
import type { Share } from "./share.ts";
import { slotLimits, Slots } from "./slots.ts";
import type { Principal } from "./tokens.node.ts";
import { type Pages, readUiFiles, type UiFiles } from "./ui-files.node.ts";

export type { ServerOptions, SyncServer } from "./server-options.node.ts";

/**
 * One server for all: sessions over WebSocket and HTTP, single files as CAFS fetches them,
 * `/healthz` and `/metrics` (docs/http.md). Nobody gets anything before the gate has let them pass.
 *
 * @throws USAGE without something to offer or for a root that is no directory; NOT_FOUND, IO when
 *   it cannot be read
 */
export function createServer(options: ServerOptions): SyncServer {
  return new HttpServer(options);
}

class HttpServer implements SyncServer {
  readonly #share: Share;
  readonly #gate: Gate;
  readonly #slots: Slots;
  readonly #connections: Connections;
  readonly #record: ServerRecord;
  readonly #files: FileAnswers;
  readonly #options: ServerOptions;
  readonly #ui: UiFiles | undefined;
  readonly #sockets = new WebSocketServer({
    ...socketOptions,
    noServer: true,
    handleProtocols: (offered) => offered.has(sessionSubprotocol) && sessionSubprotocol,
  });
  readonly #sessions: ServedSessions;
  readonly #turns: TurnHost;
  readonly #life = new AbortController();
  readonly #held = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;
  #listener: Listener | undefined;

  constructor(options: ServerOptions) {
    if (options.share === undefined && options.root === undefined) {
      throw new SyncError("USAGE", "a server needs something to offer: a root or a share");
    }
    this.#share = options.share ?? dirShare(options.root!, options);
    this.#record = new ServerRecord(options);
    this.#gate = new Gate(options);
    this.#slots = new Slots(options.sessionCount, options.sessionsPerAddressCount);
    const {
      sessionCount = slotLimits.sessionCount,
      sessionsPerAddressCount = slotLimits.sessionsPerAddressCount,
    } = options;
    this.#connections = new Connections({
      connectionCount: Math.max(serverLimits.connectionCount, 4 * sessionCount),
      perNetworkCount: Math.max(serverLimits.connectionsPerNetworkCount, 4 * sessionsPerAddressCount),
      isProxy: (address) => this.#gate.isProxy(address),
    });
    this.#files = new FileAnswers({
      share: this.#share,
      slots: this.#slots,
      record: this.#record,
      limits: options,
      signal: this.#life.signal,
    });
    this.#sessions = new ServedSessions({
      share: this.#share,
      slots: this.#slots,
      record: this.#record,
      options,
      addressOf: (request) => this.#gate.addressOf(request),
      signal: this.#life.signal,
    });
    this.#turns = createTurnHost({ sessionCount });
    this.#options = options;
    this.#ui = options.ui ? readUiFiles(pagesOf(options)) : undefined;
    setMaxListeners(0, this.#life.signal); // each session listens, and none is a leak
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#track(
      this.#answerNext(request, response).catch((thrown: unknown) => {
        this.#refuse(toSyncError(thrown), request, response);
      }),
    );
  }

  upgrade(request: IncomingMessage, socket: NodeDuplex, head: Buffer): void {
    socket.on("error", () => {});
    this.#track(
      this.#accept(request, socket, head).catch((thrown: unknown) => {
        refuseSocket(this.#noteRefusal(toSyncError(thrown), request), socket, request);
      }),
    );
  }

  async listen(options: ListenOptions = {}): Promise<string> {
    this.#listener = await listenHttp(options, {
      connections: this.#connections,
      handle: (request, response) => this.handle(request, response),
      upgrade: (request, socket, head) => this.upgrade(request, socket, head),
      refused: (error, socket) => void this.#record.noise(error, socket as Socket),
    });
    return this.#listener.url;
  }

  close(graceMs = 0): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(graceMs: number): Promise<void> {
    if (this.#turns.sessionCount === 0) this.#listener?.stop(); // those under way need more requests
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise((resolve) => (timer = setTimeout(resolve, graceMs)));
    await Promise.race([Promise.allSettled(this.#held), patience]);
    clearTimeout(timer);
    this.#listener?.stop();
    this.#life.abort(new SyncError("ABORTED", "the server is closing"));
    this.#turns.close();
    await Promise.allSettled(this.#held);
    this.#listener?.breakOff();
    this.#record.close();
    await this.#share.close?.();
  }

  async #answerNext(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (await waitForEarlier(request, response)) await this.#answer(request, response);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    checkHead(request);
    const { annex } = this.#options;
    if (annex && request.url!.startsWith(annex.prefix)) return this.#answerAnnex(annex, request, response);
    const stored = storedIn(request.method!, request.url!, this.#options);
    if (!stored?.writes && !bringsBody(request.method!, request.url!)) checkNoBody(request, annex?.prefix);
    if (this.#gate.isFromKnownPage(request) && allowPage(request, response)) return;
    if (this.#ui?.answer(request, response) === true) return;
    const route = stored ?? this.#routeOf(request, false);
    if (route.kind === "health") return text(response, this.#closed ? 503 : 200, "ok\n");
    const principal = await this.#gate.admit(request, scopeOf(route)!);
    const { name } = principal;
    if (response.destroyed) return; // the client is gone
    response.once("close", this.#connections.hold(request.socket));
    if (route.kind === "metrics") return text(response, 200, this.#record.figures(this.#slots.count));
    if (route.kind === "access") return text(response, 200, "ok\n");
    const owner = ownerOf(request, name);
    if (route.kind === "turn") return void (await this.#turns.handle(request, response, owner));
    this.#checkOpen();
    const address = this.#gate.addressOf(request);
    if (route.kind === "stored") return this.#answerStored(request, response, route, { address, principal });
    if (route.kind === "file") return this.#files.sendFile(request, response, route, { name, address });
    if (route.kind === "names") return this.#files.sendNames(response, route, address);
    if (route.kind === "content") return this.#files.sendContent(request, response, route, { name, address });
    if (route.kind === "mirror") throw new SyncError("BAD_MESSAGE", "stores meet over a WebSocket");
    const via = route.inTurns ? "turns" : "http";
    await this.#sessions.enter({ request, line: response, via, principal }, route, async () =>
      route.inTurns ? (await this.#turns.handle(request, response, owner))! : httpDuplex(request, response),
    );
  }

  async #answerAnnex(annex: Annex, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#gate.isFromKnownPage(request) && allowPage(request, response)) return;
    const principal = await this.#gate.admit(request, annex.scopeOf(request.method!));
    if (response.destroyed) return; // the client is gone
    response.once("close", this.#connections.hold(request.socket));
    this.#checkOpen();
    await annex.answer(request, response, { principal, address: this.#gate.addressOf(request) });
  }

  async #accept(request: IncomingMessage, socket: NodeDuplex, head: Buffer): Promise<void> {
    checkHead(request);
    checkNoBody(request);
    const route = this.#routeOf(request, true);
    if (route.kind !== "session" && route.kind !== "mirror")
      throw new SyncError("BAD_MESSAGE", "a WebSocket is for a session");
    const principal = await this.#gate.admit(request, scopeOf(route)!);
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((word) => word.trim());
    if (!offered.includes(sessionSubprotocol)) {
      throw new SyncError("UNSUPPORTED", `only the subprotocol ${sessionSubprotocol} is spoken here`);
    }
    this.#connections.hold(request.socket); // until it closes
    const connect = (): Promise<ChannelDuplex> =>
      new Promise((resolve, reject) => {
        socket.once("close", () => reject(new SyncError("PEER_GONE", "the client is gone")));
        this.#sockets.handleUpgrade(request, socket, head, (open: WebSocket) => resolve(wsDuplex(open)));
      });
    this.#checkOpen();
    const client = { request, line: socket, via: "websocket", principal } as const;
    if (route.kind === "mirror") return this.#sessions.mirror(client, route.direction, connect);
    await this.#sessions.enter(client, route, connect);
  }

  #checkOpen(): void {
    if (this.#closed) throw new SyncError("LIMIT", "the server is closing");
  }

  async #answerStored(
    request: IncomingMessage,
    response: ServerResponse,
    { of, path }: Route & { kind: "stored" },
    { address, principal }: { readonly address: string; readonly principal: Principal },
  ): Promise<void> {
    const free = this.#slots.take(address);
    const { stallMs = sessionTimes.stallMs } = this.#options;
    response.setTimeout(stallMs, () => request.destroy());
    try {
      const { maxTotalBytes: most } = limitsOfPush(this.#options, principal.limits);
      const { status, sentBytes } = await this.#options[of]!.answer(request, response, path, most);
      this.#record.stored(of, status, sentBytes);
    } finally {
      free();
    }
  }

  #routeOf(request: IncomingMessage, upgrade: boolean): Route {
    const { method = "", url = "", headers } = request;
    return routeOf({ method, url, contentType: headers["content-type"], upgrade });
  }

  #noteRefusal(error: SyncError, request: IncomingMessage): SyncError {
    return this.#record.refusal(error, request, this.#gate.addressOf(request));
  }

  #refuse(error: SyncError, request: IncomingMessage, response: ServerResponse): void {
    sendRefusal(this.#noteRefusal(error, request), request, response);
  }

  #track(work: Promise<void>): void {
    this.#held.add(work);
    void work.finally(() => this.#held.delete(work));
  }
}

function pagesOf({ annex, ui }: Pick<ServerOptions, "annex" | "ui">): Pages {
  if (ui === "jobs") return "jobs";
  return annex ? "both" : "files";
}
