import { createHash } from "node:crypto";
import fs from "node:fs";
import { hasOtherBytes } from "../../bytes/byte-text.ts";
import { inAnyOrder } from "../../bytes/in-any-order.ts";
import { hasReservedName } from "../../bucket/dir-keys.node.ts";
import { temporaryFile } from "../../bucket/temporary-file.node.ts";
import { isSyncError, SyncError } from "../../errors.ts";
import type { Bytes } from "../../types.ts";
import { openSqlite, sqlite } from "../sqlite-file.node.ts";
import { begun, BlockFiles } from "./block-files.node.ts";
import { tarLikeLimits } from "./block-limits.ts";
import { BlockRecord, type RecordedFile } from "./block-record.node.ts";
import { decodeFrame } from "./frames.node.ts";
import { hasTarTable, readTarTable, type TarLikeRow } from "./tar-table.node.ts";

/** A block of the virtual archive of a tree. */
export interface BlockPlace {
  /** The number of the archive, which its sender chose. */
  readonly archive: number;
  readonly blockBytes: number;
  /** From 0 on. */
  readonly number: number;
}

/** What a receiver tells of. */
export interface BlockReceiverOptions {
  /** Called when a table has come that is the first of an archive, or another than before. */
  readonly onTable?: (table: { archive: number; bytes: number; isFirst: boolean }) => void;
  /** Called when the last file of an archive was put in place. */
  readonly onComplete?: (archive: number) => void;
}

/**
 * Takes tables and blocks as tar-like sends them. Blocks may come in any order, more than once, and
 * be of different lengths; what has come is recorded before it is acknowledged.
 */
export class BlockReceiver {
  readonly #files: BlockFiles;
  readonly #record: BlockRecord;
  readonly #options: BlockReceiverOptions;
  /** Changes of files are made one after another. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param root the directory that files come into
   * @param state the file in which it is recorded what has come
   * @throws LOCKED, STATE, NO_SPACE, IO
   */
  constructor(root: string, state: string, options: BlockReceiverOptions = {}) {
    this.#record = new BlockRecord(state);
    this.#files = new BlockFiles(root);
    this.#options = options;
  }

  /**
   * Takes the table of an archive. One that is the same changes nothing; another one makes all
   * blocks have to come again.
   *
   * @throws BAD_MESSAGE, CORRUPT, PATH for what no tree has; LIMIT, NO_SPACE, IO
   */
  async takeTable(archive: number, frame: Bytes): Promise<void> {
    const content = await decodeFrame(frame, tarLikeLimits.tableBytes);
    await this.#inTurn(async () => {
      using file = temporaryFile();
      fs.writeFileSync(file.path, content, { mode: 0o600, flag: "wx" });
      await this.#readTable(archive, file.path);
    });
  }

  /**
   * Takes a block, and returns how many files it is of.
   *
   * @throws NOT_FOUND before there is a table; BAD_MESSAGE for a block that the archive does not
   *   have, or of another length; CHANGED for a file that is not what the table tells, once the
   *   others of the block are in place; PATH, LIMIT, NO_SPACE, IO
   */
  async takeBlock({ archive, blockBytes, number }: BlockPlace, frame: Bytes): Promise<number> {
    const known = this.#record.find(archive);
    if (!known) throw new SyncError("NOT_FOUND", "no table has come for this archive");
    const from = number * blockBytes;
    if (blockBytes < 1 || blockBytes > tarLikeLimits.archiveBlockBytes || from >= known.bytes)
      throw new SyncError("BAD_MESSAGE", "the archive has no such block, or blocks are not so long");
    const to = Math.min(from + blockBytes, known.bytes);
    const content = await decodeFrame(frame, to - from);
    if (content.length !== to - from)
      throw new SyncError("BAD_MESSAGE", `the block has ${content.length} bytes and not ${to - from}`);
    return this.#inTurn(async () => {
      if (this.#record.find(archive)?.digest !== known.digest)
        throw new SyncError("CHANGED", "another table has come for this archive");
      return this.#keep(archive, from, content);
    });
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => this.#files.close());
    this.#record.close();
  }

  async #readTable(archive: number, path: string): Promise<void> {
    const database = openSqlite(path);
    try {
      if (!sqlite(path, () => hasTarTable(database)))
        throw new SyncError("BAD_MESSAGE", "this is not a table of tar-like");
      const twice = sqlite(path, () =>
        database.get("SELECT path FROM tar GROUP BY path HAVING count(*) > 1 LIMIT 1"),
      );
      if (twice) throw new SyncError("CORRUPT", "a path is in the table twice");
      const { digest, bytes } = digestOf(readTarTable(database, path));
      const before = this.#record.find(archive);
      if (before?.digest !== digest) {
        if (!before && this.#record.archiveCount >= tarLikeLimits.archiveCount)
          throw new SyncError("LIMIT", "there are too many archives here");
        for (const file of this.#record.uploadsOf(archive)) await this.#files.abandon(file);
        this.#record.replace(archive, digest, readTarTable(database, path));
        this.#options.onTable?.({ archive, bytes, isFirst: !before });
      }
      for (const rows of readTarTable(database, path))
        for (const row of rows) if (isEmptyFile(row)) await this.#files.makeEmpty(row.path);
    } finally {
      database.close();
    }
  }

  /** Puts what a block has into its files. */
  async #keep(archive: number, from: number, content: Bytes): Promise<number> {
    const to = from + content.length;
    const files = this.#record.filesIn(archive, from, to);
    const kept: RecordedFile[] = [];
    const failures: unknown[] = [];
    await inAnyOrder(files, { count: tarLikeLimits.writtenFileCount }, async (file) => {
      const begin = Math.max(from, file.offset);
      const piece = content.subarray(begin - from, Math.min(to, file.offset + file.size) - from);
      try {
        if (await this.#files.isInPlace(file)) return;
        const open = file.mark === undefined ? file : begun(file);
        const isAll = piece.length === file.size;
        kept.push(
          await (isAll
            ? this.#files.put(open, piece)
            : this.#files.putPiece(open, begin - file.offset, piece)),
        );
      } catch (thrown) {
        failures.push(thrown);
        if (!isSyncError(thrown, "CHANGED")) return;
        await this.#files.abandon(file);
        kept.push(begun(file));
      }
    });
    this.#record.note(archive, kept);
    if (failures.length > 0) throw failures[0];
    if (kept.length > 0 && this.#record.isComplete(archive)) this.#options.onComplete?.(archive);
    return files.length;
  }

  async #inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

/** What tells a table from another one, whatever wrote it. @throws CORRUPT, PATH */
function digestOf(batches: Iterable<readonly TarLikeRow[]>): { digest: string; bytes: number } {
  const hash = createHash("sha256");
  let bytes = 0;
  for (const rows of batches)
    for (const { path, size, md5 } of rows) {
      if (hasOtherBytes(path)) throw new SyncError("PATH", "a path of the table is not UTF-8");
      if (hasReservedName(path.split("/")))
        throw new SyncError("PATH", "a path of the table leads to a name that is reserved");
      hash.update(JSON.stringify([path, size, md5]));
      bytes += size;
    }
  return { digest: hash.digest("hex"), bytes };
}

/** What is no regular file stands in a table as an empty one, without an MD5. */
function isEmptyFile({ size, md5 }: TarLikeRow): boolean {
  return size === 0 && md5 !== undefined;
}
