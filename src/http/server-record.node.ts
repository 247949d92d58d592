import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { SyncError } from "../errors.ts";
import { serverLimits } from "./listener.node.ts";
import { Metrics } from "./metrics.node.ts";
import { plainAddress } from "./network.ts";
import type { ServerOptions } from "./server-options.node.ts";
import type { FileReport, RefusalReport } from "./server-report.ts";
import type { SessionReport } from "./session-host.ts";

const sentAbout = "Bytes of sessions, files, chunks and indexes.";

/** What a server counts of what it does, and whom it tells. */
export class ServerRecord {
  readonly #metrics = new Metrics();
  readonly #options: Pick<ServerOptions, "onSession" | "onFile" | "onRefusal">;

  constructor(options: Pick<ServerOptions, "onSession" | "onFile" | "onRefusal">) {
    this.#options = options;
  }

  /** Ends what is measured all the time. */
  close(): void {
    this.#metrics.close();
  }

  /** A single file was sent, as a whole or not. */
  file(facts: Omit<FileReport, "type">): void {
    const result = facts.error?.code ?? "ok";
    this.#metrics.add("rsync_stream_transfers_total", "Single files.", { result });
    this.#metrics.add("rsync_stream_sent_bytes_total", sentAbout, { via: "file" }, facts.sentBytes);
    this.#options.onFile?.({ type: "file", ...facts });
  }

  /** Something was asked for that is stored. @param of what it is of: `chunks`, `indexes` */
  stored(of: string, status: number, sentBytes: number): void {
    const about = "Requests for what is stored.";
    this.#metrics.add(`rsync_stream_${of}_requests_total`, about, { status: String(status) });
    this.#metrics.add("rsync_stream_sent_bytes_total", sentAbout, { via: of }, sentBytes);
  }

  /** All figures, as Prometheus reads them. @param sessionCount sessions and transfers under way */
  figures(sessionCount: number): string {
    this.#metrics.set("rsync_stream_sessions", "Sessions and transfers under way.", {}, sessionCount);
    return this.#metrics.text();
  }

  /** A session ended. */
  session(report: SessionReport): void {
    const { direction, via, summary, error } = report;
    const result = error?.code ?? "ok";
    this.#metrics.add("rsync_stream_sessions_total", "Sessions that ended.", { direction, via, result });
    this.#metrics.add("rsync_stream_sent_bytes_total", sentAbout, { via }, summary?.wireSentBytes ?? 0);
    this.#metrics.add(
      "rsync_stream_received_bytes_total",
      sentAbout,
      { via },
      summary?.wireReceivedBytes ?? 0,
    );
    this.#options.onSession?.(report);
  }

  /** A request was refused. @returns the error */
  refusal(error: SyncError, request: IncomingMessage, address: string): SyncError {
    const { method = "", url = "", socket } = request;
    const asked = { method, path: url.replace(/[?#].*/s, "").slice(0, serverLimits.loggedPathChars) };
    return this.#note(error, { ...asked, address }, socket);
  }

  /** What came was no request. @returns the error */
  noise(error: SyncError, socket: Socket): SyncError {
    return this.#note(error, { address: plainAddress(socket.remoteAddress ?? "") }, socket);
  }

  #note(
    error: SyncError,
    asked: Pick<RefusalReport, "method" | "path" | "address">,
    socket: Socket,
  ): SyncError {
    this.#metrics.add("rsync_stream_refusals_total", "Requests that were refused.", { code: error.code });
    this.#options.onRefusal?.({ type: "refusal", ...asked, receivedBytes: socket.bytesRead ?? 0, error });
    return error;
  }
}
