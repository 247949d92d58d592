import { filterOfPeer } from "../http/peer-filter.node.ts";
import { decodeByteText } from "../bytes/byte-text.ts";
import { toHex } from "../bytes/hex.ts";
import type { SyncError } from "../errors.ts";
import type { ReceiveProgress } from "../session/receive.ts";
import { settledBytesOf } from "../session/outlook.ts";
import type { Retry } from "../session/reconnect.ts";
import type { SendProgress } from "../session/send.ts";
import { countFailed } from "../transfer/failed-entries.node.ts";
import { transfer } from "../transfer/transfer.node.ts";
import type { TransferOptions } from "../transfer/transfer-options.node.ts";
import type { TreeChange } from "../tree/entry/entry.ts";
import type { AbortOptions } from "../types.ts";
import type { ChangeGroup, JobProgress, JobSpec, LogEntry, Preview } from "./job.ts";
import { jobLimits } from "./job-limits.ts";
import type { JobPlaces } from "./job-places.node.ts";

/** Who is told what a job does. */
export interface RunOptions extends AbortOptions {
  readonly onProgress: (progress: JobProgress) => void;
  readonly onLine: (line: LogEntry) => void;
}

/** How a job ended. */
export interface RunOutcome {
  readonly failedEntries: number;
  readonly progress: JobProgress;
  readonly preview?: Preview;
}

/**
 * Carries out a job.
 *
 * @throws what `transfer` does
 */
export async function runJob(
  { from, to, order = {}, preview = false, retries }: JobSpec,
  places: JobPlaces,
  { signal, onProgress, onLine }: RunOptions,
): Promise<RunOutcome> {
  const asked = { ...order, dryRun: preview };
  const [source, target] = [places.source(from, asked), places.target(to, asked)];
  const changes = new Changes();
  const options: TransferOptions = {
    ...asked,
    filter: filterOfPeer(order)?.rules,
    ...target.access,
    source: source.access,
    ...(signal && { signal }),
    ...(retries !== undefined && { retries }),
    onConnect: () => changes.begin(),
    onProgress: (session) => onProgress(progressOf(session)),
    onRemoteText: (text) => onLine({ level: "warning", text: `other end: ${text}` }),
    onTrouble: (error) => onLine(lineOfTrouble(error)),
    onRetry: (retry) => onLine(lineOfRetry(retry)),
    onChange(change) {
      changes.add(change);
      onLine({ level: "path", text: lineOfChange(change) });
    },
  };
  const summary = await transfer(source.place, target.place, options);
  const failedEntries = countFailed(summary);
  onLine({ level: "info", text: `digest of the session: ${toHex(summary.digest)}` });
  const progress = { ...progressOf(summary), failedEntries };
  return { failedEntries, progress, ...(preview && { preview: changes.preview(progress.entries) }) };
}

function progressOf(session: SendProgress | ReceiveProgress): JobProgress {
  const newBytes = session.type === "send" ? session.sentBytes : session.receivedBytes;
  return {
    entries: session.entries + session.sameEntries,
    files: session.files,
    totalFiles: Math.max(session.files, session.wantedFiles),
    doneBytes: settledBytesOf(session, newBytes, session.reusedBytes),
    ...(session.listed && { totalBytes: session.wantedBytes }),
    newBytes,
    reusedBytes: Math.max(0, session.reusedBytes),
    wireBytes: session.wireSentBytes + session.wireReceivedBytes,
    failedEntries: session.failed + session.troubles,
    deletedEntries: session.deleted,
    name: decodeByteText(session.currentName),
  };
}

function lineOfTrouble({ code, message, detail }: SyncError): LogEntry {
  const { path = "" } = detail;
  return { level: "error", text: path === "" ? message : `${path}: ${message}`, code };
}

function lineOfRetry({ error, waitMs }: Retry): LogEntry {
  const text = `${error.message}; connecting again in ${(waitMs / 1000).toFixed(1)} s`;
  return { level: "warning", text, code: error.code };
}

function lineOfChange({ change, path, kind }: TreeChange): string {
  return `${change} ${path}${kind === "dir" ? "/" : ""}`;
}

/** Counts what becomes of paths, and keeps the first of each kind. */
class Changes {
  #groups = new Map<TreeChange["change"], { count: number; bytes: number; first: string[] }>();

  /** A further attempt goes through the whole tree. */
  begin(): void {
    this.#groups = new Map();
  }

  add({ change, path, size }: TreeChange): void {
    const group = this.#groups.get(change) ?? { count: 0, bytes: 0, first: [] };
    this.#groups.set(change, group);
    group.count += 1;
    group.bytes += size;
    if (group.first.length < jobLimits.previewPathCount)
      group.first.push(path.slice(0, jobLimits.logLineChars));
  }

  preview(entryCount: number): Preview {
    const none: ChangeGroup = { count: 0, bytes: 0, first: [] };
    const of = (change: TreeChange["change"]): ChangeGroup => this.#groups.get(change) ?? none;
    const groups = { new: of("new"), changed: of("changed"), touched: of("touched"), deleted: of("deleted") };
    const told = groups.new.count + groups.changed.count + groups.touched.count;
    return { ...groups, sameEntries: Math.max(0, entryCount - told) };
  }
}
