import type { IncomingMessage, ServerResponse } from "node:http";
import { closingInTheEnd } from "../bytes/closing.ts";
import { SyncError } from "../errors.ts";
import { sessionTimes } from "../session/limits.ts";
import { handleCafs, type OpenFile } from "./cafs-handler.node.ts";
import { sendContent } from "./content.node.ts";
import { json } from "./plain-answer.node.ts";
import { viaOf } from "./request-head.node.ts";
import type { Route } from "./route.ts";
import type { ServerOptions } from "./server-options.node.ts";
import type { ServerRecord } from "./server-record.node.ts";
import type { FileReport } from "./server-report.ts";
import { formatSharePath } from "./share-path.ts";
import type { Share } from "./share.ts";
import type { Slots } from "./slots.ts";

/** Who asks. */
type Client = Pick<FileReport, "name" | "address">;

/** What is needed to answer. */
interface FileAnswerTools {
  readonly share: Share;
  readonly slots: Slots;
  readonly record: ServerRecord;
  readonly limits: Pick<ServerOptions, "stallMs" | "minRateBytes" | "maxChunkCount">;
  /** Aborted when the server closes. */
  readonly signal: AbortSignal;
}

/**
 * Answers requests for single files: as CAFS fetches them, as they are, and by their names. Each
 * takes a slot.
 */
export class FileAnswers {
  readonly #share: Share;
  readonly #slots: Slots;
  readonly #record: ServerRecord;
  readonly #limits: FileAnswerTools["limits"];
  readonly #signal: AbortSignal;

  constructor({ share, slots, record, limits, signal }: FileAnswerTools) {
    this.#share = share;
    this.#slots = slots;
    this.#record = record;
    this.#limits = limits;
    this.#signal = signal;
  }

  /** Sends a file as CAFS fetches it. @throws UNSUPPORTED, LIMIT without a slot */
  async sendFile(
    request: IncomingMessage,
    response: ServerResponse,
    { path }: Route & { kind: "file" },
    { name, address }: Client,
  ): Promise<void> {
    const share = this.#share;
    if (!share.openFile) throw new SyncError("UNSUPPORTED", "no single files are offered here");
    const free = this.#slots.take(address);
    const onTransfer = (sentBytes: number, error?: SyncError): void =>
      this.#record.file({ name, address, path: formatSharePath(path), sentBytes, ...(error && { error }) });
    const onRefusal = (error: SyncError): void => void this.#record.refusal(error, request, address);
    const peer = `${name}|${address}`;
    try {
      const via = viaOf(request);
      const open: OpenFile = (options) => share.openFile!(path, { peer, via, ...options });
      const { stallMs = sessionTimes.stallMs, minRateBytes, maxChunkCount } = this.#limits;
      await handleCafs(request, response, open, {
        onTransfer,
        onRefusal,
        stallMs,
        signal: this.#signal,
        ...(minRateBytes !== undefined && { minRateBytes }),
        ...(maxChunkCount !== undefined && { maxChunkCount }),
      });
    } finally {
      free();
    }
  }

  /** Lists a directory. @throws UNSUPPORTED, LIMIT without a slot, what the share throws */
  async sendNames(
    response: ServerResponse,
    { path, after }: Route & { kind: "names" },
    address: string,
  ): Promise<void> {
    if (!this.#share.listNames) throw new SyncError("UNSUPPORTED", "nothing is listed here");
    const free = this.#slots.take(address);
    try {
      json(response, await this.#share.listNames(path, after));
    } finally {
      free();
    }
  }

  /** Sends a file as it is. @throws UNSUPPORTED, LIMIT without a slot, what the share throws */
  async sendContent(
    request: IncomingMessage,
    response: ServerResponse,
    { path }: Route & { kind: "content" },
    client: Client,
  ): Promise<void> {
    if (!this.#share.openContent) throw new SyncError("UNSUPPORTED", "no files are sent as they are here");
    const free = this.#slots.take(client.address);
    const gone = new AbortController();
    response.once("close", () => gone.abort(new SyncError("PEER_GONE", "the client is gone")));
    const signal = AbortSignal.any([gone.signal, this.#signal]);
    try {
      const file = await this.#share.openContent(path, { signal });
      const { stallMs = sessionTimes.stallMs, minRateBytes } = this.#limits;
      const bounds = { stallMs, ...(minRateBytes !== undefined && { minRateBytes }) };
      const end = await closingInTheEnd(
        () => sendContent(request, response, file, { ...bounds, signal: this.#signal }),
        () => file.close(),
      );
      this.#record.file({ ...client, path: formatSharePath(path), ...end });
    } finally {
      free();
    }
  }
}
