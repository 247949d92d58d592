import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex as NodeDuplex } from "node:stream";
import type { ChunkAnswers } from "../casync/chunk-answers.node.ts";
import type { ReceiveLimits } from "../session/allowance.ts";
import type { LivenessOptions } from "../session/liveness.ts";
import type { PlacePath } from "../tree/disk/calls/byte-string.node.ts";
import type { Annex } from "./annex.node.ts";
import type { DirShareOptions } from "./dir-share.node.ts";
import type { GateOptions } from "./gate.node.ts";
import type { ListenOptions } from "./listener.node.ts";
import type { FileReport, RefusalReport } from "./server-report.ts";
import type { SessionReport } from "./session-host.ts";
import type { Share } from "./share.ts";
import type { StoreMirror } from "./store-mirror.ts";

export interface ServerOptions extends GateOptions, LivenessOptions, DirShareOptions, ReceiveLimits {
  /** What is offered ... */
  readonly share?: Share;
  /** ... or the directory that is. */
  readonly root?: PlacePath;
  /** Sessions at one time; 256 unless given. */
  readonly sessionCount?: number;
  /** Sessions at one time with one address; 64 unless given. */
  readonly sessionsPerAddressCount?: number;
  /** Chunks that are offered, too, below `/-/chunks/`. */
  readonly chunks?: ChunkAnswers;
  /** What holds sessions between the store of those chunks and another one; none unless given. */
  readonly mirror?: StoreMirror;
  /** Indexes that are offered, too, below `/-/indexes/`. */
  readonly indexes?: ChunkAnswers;
  /** What else is answered for; nothing unless given. */
  readonly annex?: Annex;
  /**
   * True to answer `GET /` with a page to push and pull by, `jobs` with one of jobs; false unless
   * given.
   */
  readonly ui?: boolean | "jobs";
  /** Called when a session has ended. */
  readonly onSession?: (report: SessionReport) => void;
  /** Called when a single file was sent, or broke off. */
  readonly onFile?: (report: FileReport) => void;
  /** Called when a request was refused. */
  readonly onRefusal?: (report: RefusalReport) => void;
}

/** A server of sessions and files. */
export interface SyncServer {
  /** Answers a request: mount it in a server of node:http that has `requestTimeout: 0`. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Answers an upgrade to a WebSocket: mount it at the `upgrade` event. */
  upgrade(request: IncomingMessage, socket: NodeDuplex, head: Buffer): void;
  /** Listens, and returns its URL, such as `http://127.0.0.1:8730/`. Throws IO when it cannot. */
  listen(options?: ListenOptions): Promise<string>;
  /** Takes no more requests, and ends sessions after so long (default 0). May be called twice. */
  close(graceMs?: number): Promise<void>;
  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
