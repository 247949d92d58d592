import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { SyncError } from "../errors.ts";
import { fileCall, ioError } from "../store/io-error.node.ts";
import { makeDirs } from "../bytes/make-dirs.node.ts";
import { statsAt } from "../bytes/stats-at.node.ts";
import type { Bytes } from "../types.ts";
import { bucketIndexes, checkIndexName, httpIndexes, type IndexStore, sftpIndexes } from "./index-store.ts";
import { connectSftp } from "./ssh-chunks.node.ts";
import { type OpenStoreOptions, openBucket, schemeOf, withToken } from "./open-store.node.ts";

/**
 * Opens the store of indexes that a place stands for: a directory, a bucket, or a URL of http:,
 * https: or sftp:.
 *
 * @throws USAGE for a place of another kind, NOT_FOUND for a directory that is not there, unless it
 *   may be made
 */
export function openIndexStore(
  place: string,
  options: OpenStoreOptions & { readonly create?: boolean } = {},
): IndexStore {
  const { create, http, token } = options;
  const scheme = schemeOf(place);
  if (scheme === undefined) {
    const stats = fileCall(place, () => statsAt(place));
    if (stats === undefined && create === true) makeDirs(place);
    else if (stats?.isDirectory() !== true)
      throw new SyncError("NOT_FOUND", "there is no directory of indexes", { detail: { path: place } });
    return dirIndexes(place);
  }
  if (scheme === "http" || scheme === "https") return httpIndexes(place, withToken(http, token, place));
  const kept = openBucket(place, options);
  if (kept) return bucketIndexes(kept.bucket, kept.prefix);
  if (scheme === "sftp") {
    const { client, path } = connectSftp(place);
    return sftpIndexes(client, path);
  }
  throw new SyncError("USAGE", `no indexes can be reached by ${scheme}: "${place}"`);
}

/** An index in a store. */
export interface StoredIndex {
  /** The place of the store. */
  readonly store: string;
  readonly name: string;
}

/**
 * The store that an index is in, and its name there; undefined for the path of a file. What a URL
 * says behind a `?` is about the store.
 */
export function splitIndexPlace(place: string): StoredIndex | undefined {
  if (schemeOf(place) === undefined) return undefined;
  const [, store, name, query = ""] = /^(.*)\/([^/?]*)(\?.*)?$/s.exec(place)!;
  return { store: store! + query, name: checkIndexName(decodeURIComponent(name!)) };
}

/** Indexes in a directory. */
export function dirIndexes(folder: string): IndexStore {
  const isFile = (path: string): boolean => fileCall(path, () => statsAt(path))?.isFile() === true;
  return {
    async read(name) {
      const path = join(folder, checkIndexName(name));
      return isFile(path) ? (createReadStream(path) as AsyncIterable<Bytes>) : undefined;
    },
    has: async (name) => isFile(join(folder, checkIndexName(name))),
    async write(name, content) {
      const path = join(folder, checkIndexName(name));
      const incomplete = join(folder, `.rsync-stream-${randomUUID()}`);
      try {
        const file = await open(incomplete, "wx");
        try {
          for await (const part of content) await file.writeFile(part);
        } finally {
          await file.close();
        }
        await rename(incomplete, path);
      } catch (thrown) {
        await rm(incomplete, { force: true }).catch(() => {});
        throw ioError(thrown, path);
      }
    },
    async close() {},
  };
}
