import { ExactReader } from "../bytes/exact-reader.ts";
import { SyncError, toSyncError } from "../errors.ts";
import type { ByteChannel } from "../transport/channel.ts";
import type { Bytes } from "../types.ts";
import {
  decodeSftp,
  encodeSftp,
  type SftpAnswer,
  type SftpAttributes,
  type SftpField,
  sftpLimits,
  sftpOpen,
  sftpStatus,
  sftpTypes as t,
} from "./sftp-packets.ts";

/** What every server takes and sends at a time. */
const partBytes = 32_768;
const version = 3;
const regularBits = 0o10;

interface Waiting {
  resolve(answer: SftpAnswer): void;
  reject(error: unknown): void;
}

/** An entry of a directory elsewhere. */
export interface SftpEntry {
  readonly name: string;
  readonly mtimeMs: number;
}

/**
 * Files at the other end of a connection, by SFTP. Any number of calls may be under way at a time.
 * Each throws what the server says: UNAUTHORIZED or IO, and PEER_GONE when it is gone.
 */
export class SftpClient {
  readonly #channel: ByteChannel;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ready: Promise<unknown>;
  #lastId = 0;
  #written: Promise<void> = Promise.resolve();
  #failure: unknown;

  constructor(channel: ByteChannel) {
    this.#channel = channel;
    void this.#listen();
    // The version stands where other requests have their number.
    this.#ready = this.#send(t.init, version, []);
    this.#ready.catch(() => {}); // whoever asks is told
  }

  /** What is told of a file, not of a directory; undefined when it is not there. */
  async stat(path: string): Promise<SftpAttributes | undefined> {
    const answer = await this.#ask(t.stat, [path]);
    if (answer.type === "attrs")
      return answer.attributes.mode >>> 12 === regularBits ? answer.attributes : undefined;
    return missing(answer, path);
  }

  /** All of a file; undefined when it is not there. @throws LIMIT, TRUNCATED */
  async read(path: string, maxBytes: number): Promise<Bytes | undefined> {
    const [found, opened] = await Promise.all([this.stat(path), this.#ask(t.open, [path, sftpOpen.read, 0])]);
    if (opened.type !== "handle") return missing(opened, path);
    try {
      const size = found?.sizeBytes ?? 0;
      if (size > maxBytes)
        throw new SyncError("LIMIT", "the file is too long", {
          detail: { path, limit: maxBytes, actual: size },
        });
      const bytes = new Uint8Array(size);
      const parts = Array.from({ length: Math.ceil(size / partBytes) }, (_, i) => i * partBytes);
      await Promise.all(parts.map((at) => this.#readPart(opened.bytes, bytes, at, path)));
      return bytes;
    } finally {
      void this.#ask(t.close, [opened.bytes]).catch(() => {}); // nothing is lost of what was read
    }
  }

  async #readPart(handle: Bytes, into: Bytes, from: number, path: string): Promise<void> {
    const end = Math.min(into.length, from + partBytes);
    for (let at = from; at < end;) {
      const answer = await this.#ask(t.read, [handle, { long: at }, end - at]);
      if (answer.type !== "data" || answer.bytes.length === 0 || answer.bytes.length > end - at)
        throw new SyncError("TRUNCATED", "the server ended before the file did", { detail: { path } });
      into.set(answer.bytes, at);
      at += answer.bytes.length;
    }
  }

  /** Writes a file that is not there; false when the directory around it is missing. */
  async create(path: string, bytes: Bytes): Promise<boolean> {
    const opened = await this.#ask(t.open, [path, sftpOpen.create, 0]);
    if (opened.type !== "handle") return missing(opened, path) !== undefined;
    const parts = Array.from({ length: Math.ceil(bytes.length / partBytes) }, (_, i) => i * partBytes);
    const written = await Promise.all(
      parts.map((at) => this.#ask(t.write, [opened.bytes, { long: at }, bytes.subarray(at, at + partBytes)])),
    );
    for (const answer of [...written, await this.#ask(t.close, [opened.bytes])]) expectOk(answer, path);
    return true;
  }

  /** Gives a file another name, in the place of one that has it. */
  async replace(from: string, to: string): Promise<void> {
    const answer = await this.#ask(t.extended, ["posix-rename@openssh.com", from, to]);
    if (!isOk(answer)) expectOk(await this.#ask(t.rename, [from, to]), to);
  }

  /** Dates a file. */
  async touch(path: string, nowMs: number): Promise<void> {
    const sec = Math.floor(nowMs / 1000);
    expectOk(await this.#ask(t.setstat, [path, 8, sec, sec]), path);
  }

  /** Makes a directory, unless it is there. */
  async makeDirectory(path: string): Promise<void> {
    await this.#ask(t.mkdir, [path, 0]);
  }

  /** Removes a file, unless it is not there. */
  async remove(path: string): Promise<void> {
    const answer = await this.#ask(t.remove, [path]);
    if (!isOk(answer)) missing(answer, path);
  }

  /** What is in a directory; nothing when it is not there. @throws LIMIT, UPSTREAM */
  async *list(path: string): AsyncGenerator<SftpEntry> {
    const opened = await this.#ask(t.opendir, [path]);
    if (opened.type !== "handle") return missing(opened, path);
    try {
      for (let left = sftpLimits.sftpEntryCount; left > 0;) {
        const answer = await this.#ask(t.readdir, [opened.bytes]);
        if (answer.type === "status" && answer.code === sftpStatus.end) return;
        if (answer.type !== "name") throw refusal(answer, path);
        if (answer.entries.length === 0)
          throw new SyncError("UPSTREAM", "the SFTP server lists nothing, without an end", {
            detail: { path },
          });
        left -= answer.entries.length;
        for (const { name, attributes } of answer.entries)
          yield { name, mtimeMs: attributes.mtimeSec * 1000 };
      }
      const detail = { path, limit: sftpLimits.sftpEntryCount };
      throw new SyncError("LIMIT", "the SFTP server lists too much in one directory", { detail });
    } finally {
      void this.#ask(t.close, [opened.bytes]).catch(() => {});
    }
  }

  close(): void {
    this.#fail(new SyncError("STATE", "the connection is closed"));
    this.#channel.abort(this.#failure);
  }

  async #ask(type: number, fields: readonly SftpField[]): Promise<SftpAnswer> {
    await this.#ready;
    this.#lastId = (this.#lastId % 0xffff_fff0) + 1;
    return this.#send(type, this.#lastId, fields);
  }

  #send(type: number, id: number, fields: readonly SftpField[]): Promise<SftpAnswer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure as Error);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      const packet = encodeSftp(type, id, fields);
      this.#written = this.#written
        .then(() => this.#channel.write(packet))
        .catch((thrown: unknown) => this.#fail(thrown));
    });
  }

  async #listen(): Promise<void> {
    const reader = new ExactReader(this.#channel.read());
    const limit = sftpLimits.maxSftpPacketBytes;
    try {
      for (;;) {
        const head = await reader.read(4);
        const length = new DataView(head.buffer, head.byteOffset, 4).getUint32(0);
        if (length > limit)
          throw new SyncError("LIMIT", "a packet of SFTP is too long", { detail: { limit, actual: length } });
        const answer = decodeSftp(await reader.read(length));
        // Whatever version the server speaks is the answer to ours.
        const id = answer.type === "version" ? version : answer.id;
        const asked = this.#waiting.get(id);
        if (!asked) throw new SyncError("BAD_MESSAGE", "SFTP answers what was not asked");
        this.#waiting.delete(id);
        asked.resolve(answer);
      }
    } catch (thrown) {
      this.#fail(thrown);
      this.#channel.abort(thrown);
    }
  }

  #fail(thrown: unknown): void {
    const { code, message, detail } = toSyncError(thrown);
    const isEnd = code === "TRUNCATED";
    this.#failure ??= isEnd
      ? new SyncError("PEER_GONE", "the SFTP server ended")
      : new SyncError(code, message, { cause: thrown, detail });
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}

function isOk(answer: SftpAnswer): boolean {
  return answer.type === "status" && answer.code === sftpStatus.ok;
}

function expectOk(answer: SftpAnswer, path: string): void {
  if (!isOk(answer)) throw refusal(answer, path);
}

/** Nothing for what is not there. @throws UNAUTHORIZED, IO for any other answer */
function missing(answer: SftpAnswer, path: string): undefined {
  if (answer.type !== "status" || answer.code !== sftpStatus.noSuchFile) throw refusal(answer, path);
}

function refusal(answer: SftpAnswer, path: string): SyncError {
  const { code, message } = answer.type === "status" ? answer : { code: -1, message: "" };
  const kind = code === sftpStatus.permissionDenied ? "UNAUTHORIZED" : "IO";
  return new SyncError(kind, `the SFTP server says: ${message || "something else"}`, { detail: { path } });
}
