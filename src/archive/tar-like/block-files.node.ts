import { createHash } from "node:crypto";
import fs from "node:fs";
import { md5Of } from "../../bucket/content-digest.node.ts";
import { dirBucket } from "../../bucket/dir-bucket.node.ts";
import { DirKeys } from "../../bucket/dir-keys.node.ts";
import type { ObjectBucket, ObjectMetadata } from "../../bucket/object-bucket.ts";
import { readAt } from "../../bucket/open-file.node.ts";
import { isSyncError, SyncError } from "../../errors.ts";
import type { Bytes } from "../../types.ts";
import type { RecordedFile } from "./block-record.node.ts";
import { tarLikeLimits } from "./block-limits.ts";
import { isWhole, withPiece } from "./pieces.ts";

const { O_NOFOLLOW, O_RDONLY } = fs.constants;
const roomBytes = 1 << 20;
const noMetadata: ObjectMetadata = { headers: {}, user: {} };

/**
 * The files that blocks are of, below a directory. A file gets its name when it is complete and has
 * the MD5 that the table tells; until then an old one stays as it is.
 */
export class BlockFiles {
  readonly #bucket: ObjectBucket;
  readonly #keys: DirKeys;

  constructor(root: string) {
    this.#bucket = dirBucket(root, { isDurable: true });
    this.#keys = new DirKeys(root);
  }

  /** Makes a file that has no content, unless it is there. */
  async makeEmpty(path: string): Promise<void> {
    if ((await this.#bucket.head(path))?.sizeBytes !== 0) await this.#bucket.write(path, new Uint8Array(0));
  }

  /** True while the file is there that was put in place. */
  async isInPlace({ path, mark }: RecordedFile): Promise<boolean> {
    return mark !== undefined && (await this.#bucket.head(path))?.mark === mark;
  }

  /** Takes a file whole. @throws CHANGED for one that is not what the table tells */
  async put(file: RecordedFile, content: Bytes): Promise<RecordedFile> {
    checkDigest(file, md5Of(content));
    if (file.upload !== undefined) await this.abandon(file);
    return { ...begun(file), mark: await this.#bucket.write(file.path, content) };
  }

  /**
   * Takes a piece of a file, and puts the file in place when that was the last.
   *
   * @throws LIMIT; CHANGED for one that is not what the table tells, or of which earlier pieces are
   *   gone: `file` has to come anew then
   */
  async putPiece(file: RecordedFile, offset: number, content: Bytes): Promise<RecordedFile> {
    const { path, size } = file;
    const id = file.upload ?? (await this.#bucket.parts.begin(path, noMetadata)).id;
    const upload = { key: path, id };
    await this.#bucket.parts.write(upload, { number: 1, offset }, content).catch((thrown: unknown) => {
      if (!isSyncError(thrown, "NOT_FOUND")) throw thrown;
      throw changed(path, "what had come of it is gone");
    });
    const pieces = withPiece(file.pieces, [offset, offset + content.length]);
    if (pieces.length > tarLikeLimits.filePieceCount)
      throw new SyncError("LIMIT", "a file comes in too many pieces", { detail: { path } });
    if (!isWhole(pieces, size)) return { ...file, upload: id, pieces };
    if (file.md5 !== undefined) checkDigest(file, await this.#digestOf(id, size));
    return { ...begun(file), mark: await this.#bucket.parts.complete(upload, []) };
  }

  /** Gives up what has come of a file. */
  async abandon({ path, upload }: RecordedFile): Promise<void> {
    if (upload !== undefined) await this.#bucket.parts.abandon({ key: path, id: upload });
  }

  async close(): Promise<void> {
    this.#keys.close();
    await this.#bucket.close?.();
  }

  async #digestOf(upload: string, size: number): Promise<string> {
    const flags = O_RDONLY | O_NOFOLLOW;
    const fd = this.#keys.inUploads(upload, ({ held, dir, name }) => held.open(dir, name, flags));
    const hash = createHash("md5");
    try {
      for (let at = 0; at < size; at += roomBytes)
        hash.update(await readAt(fd, at, Math.min(roomBytes, size - at)));
    } finally {
      fs.closeSync(fd);
    }
    return hash.digest("hex");
  }
}

/** A file of which nothing has come. */
export function begun(file: RecordedFile): RecordedFile {
  return { ...file, mark: undefined, upload: undefined, pieces: [] };
}

function checkDigest({ path, md5 }: RecordedFile, found: string): void {
  if (md5 !== undefined && md5 !== found) throw changed(path, "it is not what the table tells");
}

function changed(path: string, why: string): SyncError {
  return new SyncError("CHANGED", `a file has to be sent again: ${why}`, { detail: { path } });
}
