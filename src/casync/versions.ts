import { undeleted } from "../bucket/failed-deletion.ts";
import type { ObjectBucket } from "../bucket/object-bucket.ts";
import { IdSet } from "../bytes/id-set.ts";
import { isSyncError, SyncError } from "../errors.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import { checkIndexName, indexStoreLimits, onePart } from "./index-store.ts";
import { type IndexReading, readIndex } from "./index-reader.ts";

/** What a version is of: an archive of a tree, or one blob. */
export type VersionKind = "caidx" | "caibx";

/** One state of something that is kept under a name: the index of its chunks. */
export interface Version {
  readonly name: string;
  /** When it was begun, in UTC, so that versions have an order: `20261129T105800123Z`. */
  readonly version: string;
  readonly kind: VersionKind;
  readonly key: string;
  readonly writtenMs: number;
  /** True for one whose writer has not ended, or was killed. */
  readonly isPending: boolean;
}

const form = /^([^/]+)\/(\d{8}T\d{9}Z)\.(caidx|caibx)(\.pending)?$/s;
const pending = ".pending";

/**
 * Versions of trees and blobs beside their chunks in a bucket: an index at
 * `versions/NAME/TIME.caidx` for each.
 */
export class Versions {
  readonly #bucket: ObjectBucket;
  readonly #before: string;

  /** @param prefix of the store, with a slash at its end when there is one */
  constructor(bucket: ObjectBucket, prefix: string) {
    this.#bucket = bucket;
    this.#before = `${prefix}versions/`;
  }

  /** All versions, or those of a name, the oldest of each first. */
  async list(name?: string, options?: AbortOptions): Promise<readonly Version[]> {
    const found: Version[] = [];
    const prefix = name === undefined ? this.#before : `${this.#before}${checkIndexName(name)}/`;
    for await (const page of this.#bucket.pages({ prefix }, options))
      for (const { key, writtenMs } of page) {
        const [, name, version, kind, mark] = form.exec(key.slice(this.#before.length)) ?? [];
        if (name === undefined) continue;
        found.push({
          name,
          version: version!,
          kind: kind as VersionKind,
          key,
          writtenMs,
          isPending: mark !== undefined,
        });
      }
    return found;
  }

  /** The version that is asked for, or else the last one. @throws NOT_FOUND */
  async find(name: string, version?: string, options?: AbortOptions): Promise<Version> {
    const whole = (await this.list(name, options)).filter(({ isPending }) => !isPending);
    const found = whole.findLast((one) => version === undefined || one.version === version);
    if (found) return found;
    throw new SyncError(
      "NOT_FOUND",
      `there is no version ${version === undefined ? "" : `${version} `}of "${name}"`,
    );
  }

  async read({ key }: Version, options?: AbortOptions): Promise<IndexReading> {
    const bytes = await this.#bucket.get(key, indexStoreLimits.heldIndexBytes, options);
    if (!bytes) throw new SyncError("NOT_FOUND", "the version is not there any more");
    return readIndex(onePart(bytes));
  }

  /**
   * Writes the index of a new version, which is counted by who prunes, and is no version before it
   * is settled.
   */
  async begin(name: string, kind: VersionKind, index: Bytes, options?: AbortOptions): Promise<Version> {
    const last = (await this.list(name, options)).at(-1)?.version ?? "";
    for (let ms = Date.now(); ; ms++) {
      const version = new Date(ms).toISOString().replaceAll(/[-:.]/g, "");
      if (version <= last) continue;
      const key = `${this.#before}${name}/${version}.${kind}${pending}`;
      if (await this.#isWritten(key, index, options))
        return { name, version, kind, key, writtenMs: ms, isPending: true };
    }
  }

  /** Makes what was begun a version. */
  async settle(version: Version, index: Bytes, options?: AbortOptions): Promise<Version> {
    const key = version.key.slice(0, -pending.length);
    await this.#isWritten(key, index, options);
    await this.#bucket.delete(version.key, options);
    return { ...version, key, isPending: false };
  }

  async remove(versions: readonly Version[], options?: AbortOptions): Promise<void> {
    const failed = await this.#bucket.deleteMany(
      versions.map(({ key }) => key),
      options,
    );
    for (const { key, error } of failed) throw undeleted("a version", key, error);
  }

  /** The ids of all chunks that versions have. One that begins like another is taken for it. */
  async named(versions: readonly Version[], options?: AbortOptions): Promise<IdSet> {
    const named = new IdSet();
    for (const version of versions) {
      const index = await this.#readSettling(version, options);
      if (index) for await (const chunks of index.chunks) for (const { id } of chunks) named.add(id);
    }
    return named;
  }

  /** Reads an index that its writer may settle meanwhile; undefined when it is gone. */
  async #readSettling(version: Version, options?: AbortOptions): Promise<IndexReading | undefined> {
    const key = version.isPending ? version.key.slice(0, -pending.length) : version.key;
    for (const one of [version, { ...version, key }]) {
      const bytes = await this.#bucket.get(one.key, indexStoreLimits.heldIndexBytes, options);
      if (bytes) return readIndex(onePart(bytes));
    }
    return undefined;
  }

  /** False when somebody has the key. */
  async #isWritten(key: string, bytes: Bytes, options?: AbortOptions): Promise<boolean> {
    const metadata = { headers: { "content-type": "application/octet-stream" }, user: {} };
    try {
      await this.#bucket.write(key, bytes, { ...options, metadata, replaces: null });
      return true;
    } catch (thrown) {
      if (isSyncError(thrown, "CHANGED")) return false;
      if (!isSyncError(thrown, "UNSUPPORTED")) throw thrown;
      await this.#bucket.write(key, bytes, { ...options, metadata });
      return true;
    }
  }
}
