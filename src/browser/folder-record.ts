import { domTrouble } from "../store/dom-trouble.ts";
import { stagingName } from "../tree/entry/staging-name.ts";
import type { Bytes } from "../types.ts";
import { type AccessHandle, openAccess, writeFully } from "./access-handle.ts";

/** What the browser cannot keep with a file: how it was at the sender. */
export interface FileRecord {
  readonly size: number;
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
  readonly mode: number;
  /**
   * Its time as the browser tells it, in milliseconds: another one means that somebody else changed
   * it.
   */
  readonly storedMs: number;
}

const recordName = "files.jsonl";
const lineFeed = 0x0a;
/** Lines that may be out of date before the record is written anew. */
const staleLineCount = 1000;

/**
 * What is known of the files that a folder received: a line of JSON for each file that was
 * completed, the last one counts. While it is open nobody else can open it, so two sessions never
 * write to one folder.
 */
export class FolderRecord {
  readonly files: Map<string, FileRecord>;
  readonly #handle: AccessHandle;
  #lineCount: number;
  #endBytes: number;
  #unsaved = "";

  private constructor(handle: AccessHandle) {
    const bytes = new Uint8Array(handle.getSize());
    handle.read(bytes, { at: 0 });
    // What follows the last line feed was cut off when the worker ended.
    this.#endBytes = bytes.lastIndexOf(lineFeed) + 1;
    this.#handle = handle;
    this.files = parseRecord(bytes.subarray(0, this.#endBytes));
    this.#lineCount = this.files.size;
  }

  /**
   * Opens the record in a folder's private directory. @throws LOCKED while another session has it
   */
  static async open(staging: FileSystemDirectoryHandle): Promise<FolderRecord> {
    const file = await staging.getFileHandle(recordName, { create: true });
    return new FolderRecord(await openAccess(file));
  }

  /** Takes in a file; `save` writes it. */
  set(path: string, record: FileRecord): void {
    this.files.set(path, record);
    this.#unsaved += lineOf(path, record);
    this.#lineCount += 1;
  }

  /** Writes what was taken in. */
  save(): void {
    if (this.#lineCount > 2 * this.files.size + staleLineCount) this.#startAnew();
    const bytes = new TextEncoder().encode(this.#unsaved);
    this.#unsaved = "";
    writeFully(this.#handle, bytes, this.#endBytes);
    this.#endBytes += bytes.length;
  }

  close(): void {
    this.#handle.close();
  }

  #startAnew(): void {
    this.#handle.truncate(0);
    this.#endBytes = 0;
    this.#lineCount = this.files.size;
    this.#unsaved = [...this.files].map(([path, record]) => lineOf(path, record)).join("");
  }
}

/** What is known of the files of a folder; nothing of one that received none. */
export async function readRecord(
  folder: FileSystemDirectoryHandle,
): Promise<ReadonlyMap<string, FileRecord>> {
  try {
    const staging = await folder.getDirectoryHandle(stagingName);
    const file = await (await staging.getFileHandle(recordName)).getFile();
    return parseRecord(new Uint8Array(await file.arrayBuffer()));
  } catch (thrown) {
    if (domTrouble(thrown).code === "VANISHED") return new Map();
    throw domTrouble(thrown);
  }
}

function lineOf(path: string, { size, mtimeSec, mtimeNsec, mode, storedMs }: FileRecord): string {
  return `${JSON.stringify([path, size, mtimeSec, mtimeNsec, mode, storedMs])}\n`;
}

function parseRecord(bytes: Bytes): Map<string, FileRecord> {
  const files = new Map<string, FileRecord>();
  for (const line of new TextDecoder().decode(bytes).split("\n")) {
    const [path, ...numbers] = parseLine(line);
    if (typeof path !== "string" || numbers.length !== 5 || !numbers.every(Number.isSafeInteger)) continue;
    const [size, mtimeSec, mtimeNsec, mode, storedMs] = numbers as [number, number, number, number, number];
    files.set(path, { size, mtimeSec, mtimeNsec, mode, storedMs });
  }
  return files;
}

/** A line that cannot be read says nothing: its file is then looked at anew. */
function parseLine(line: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(line);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
