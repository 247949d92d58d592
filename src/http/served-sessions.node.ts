import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex as NodeDuplex } from "node:stream";
import { Pause } from "../bytes/pause.node.ts";
import { SyncError } from "../errors.ts";
import { sessionTimes } from "../session/limits.ts";
import type { ChannelDuplex } from "../transport/channel.ts";
import { readFairly } from "../transport/fair.node.ts";
import type { SessionDirection } from "../transport/session-request.ts";
import type { Duplex } from "../types.ts";
import { serverLimits } from "./listener.node.ts";
import { viaOf } from "./request-head.node.ts";
import type { Route } from "./route.ts";
import { limitsOfPush } from "./served-limits.ts";
import type { ServerOptions } from "./server-options.node.ts";
import type { ServerRecord } from "./server-record.node.ts";
import { SessionGroups } from "./session-groups.ts";
import { holdSession, openSession, type SessionReport } from "./session-host.ts";
import { formatSharePath } from "./share-path.ts";
import type { Share } from "./share.ts";
import type { Slots } from "./slots.ts";
import { holdMirror, mirrorTo } from "./store-mirror.ts";
import type { Principal } from "./tokens.node.ts";

/** Who asks for a session, and by what. */
interface SessionClient extends Pick<SessionReport, "via"> {
  readonly request: IncomingMessage;
  /** What closes when the connection does. */
  readonly line: ServerResponse | NodeDuplex;
  readonly principal: Principal;
}

interface ServedSessionsTools {
  readonly share: Share;
  readonly slots: Slots;
  readonly record: ServerRecord;
  readonly options: ServerOptions;
  readonly addressOf: (request: IncomingMessage) => string;
  /** Ends all of them. */
  readonly signal: AbortSignal;
}

type SessionRoute = Route & { kind: "session" };
type Connect<Line> = () => Promise<Line>;

/** The sessions of a server. Each connection takes a slot. */
export class ServedSessions {
  readonly #tools: ServedSessionsTools;
  readonly #groups = new SessionGroups();
  readonly #pause = new Pause();

  constructor(tools: ServedSessionsTools) {
    this.#tools = tools;
  }

  /** Brings the store of chunks up to date with another one, or that one with it. */
  async mirror(
    { request, principal }: SessionClient,
    direction: SessionDirection,
    connect: Connect<ChannelDuplex>,
  ): Promise<void> {
    const { options, slots, record, addressOf, signal } = this.#tools;
    const hold = mirrorTo(direction, options.mirror);
    const address = addressOf(request);
    const free = slots.take(address);
    try {
      const limits = limitsOfPush(options, principal.limits);
      const terms = { ...this.#liveness, ...limits, signal };
      const ended = await holdMirror(hold, readFairly(await connect()), terms);
      if (ended instanceof SyncError) record.refusal(ended, request, address);
      else record.stored("chunks", 101, ended.wireSentBytes);
    } finally {
      free();
    }
  }

  /** Starts a session, or adds a connection to one. */
  async enter(client: SessionClient, route: SessionRoute, connect: Connect<ChannelDuplex>): Promise<void> {
    const { request, line, principal } = client;
    const { slots, addressOf } = this.#tools;
    const { part, direction, path } = route;
    const owner = `${principal.name}|${direction}|${formatSharePath(path)}`;
    const accept = async (): Promise<Duplex> => readFairly(await connect());
    if (part === undefined) return this.#hold(client, route, accept);
    if (part.opens)
      return this.#hold(client, route, async () => this.#groups.open(part, owner, await accept()));
    line.once("close", slots.take(addressOf(request)));
    await this.#groups.join(part, owner, accept);
  }

  async #hold(
    { request, via, principal }: SessionClient,
    route: SessionRoute,
    connect: Connect<Duplex>,
  ): Promise<void> {
    const { share, slots, record, options, addressOf, signal } = this.#tools;
    const { name } = principal;
    const address = addressOf(request);
    const free = slots.take(address);
    try {
      if (this.#pause.due()) await this.#pause.take();
      const shareOptions = { signal, peer: `${name}|${address}`, via: viaOf(request) };
      const opened = await openSession(share, route, route.path, shareOptions, {
        liveness: this.#liveness,
        limits: limitsOfPush(options, principal.limits),
      });
      const duplex = await connect().catch(async (thrown: unknown) => {
        await opened.drop().catch(() => {}); // why there is no connection says more
        throw thrown;
      });
      const { direction, path } = route;
      const { dryRun = false } = route.order;
      const facts = { via, name, address, direction, path: formatSharePath(path), ...(dryRun && { dryRun }) };
      record.session(await holdSession(opened, duplex, signal, facts));
    } finally {
      free();
    }
  }

  get #liveness() {
    return { ...sessionTimes, minRateBytes: serverLimits.serverRateBytes, ...this.#tools.options };
  }
}
