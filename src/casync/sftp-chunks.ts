import { abortable, abortableSource } from "../bytes/abort.ts";
import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import type { ChunkDigest } from "../chunk/digest.ts";
import { sha512_256Digest } from "../chunk/sha512-256.ts";
import { Gate } from "../store/gate.ts";
import { notFound } from "../store/key.ts";
import type { AbortOptions } from "../types.ts";
import { type ChunkCoding, compressedCoding } from "./chunk-coding.ts";
import { chunkPath, idOfPath } from "./chunk-name.ts";
import type { KeptChunks } from "./kept-chunks.ts";
import type { SftpClient } from "./sftp-client.ts";
import { maxStoredBytes, verifyStored } from "./stored-form.ts";

export interface SftpChunksOptions {
  /** The form in which chunks are kept; compressed unless given. */
  readonly coding?: ChunkCoding;
  /** What chunks are named by; SHA-512/256 unless given. */
  readonly digest?: ChunkDigest;
}

/** A chunk that is put anew is dated anew, unless it is younger. */
const renewMs = 3_600_000;
/** What has no name yet, of this library, and of desync, which puts a number behind the name. */
const temporary = /^(?:\.tmp-cacnk[^/]*|[0-9a-f]{64}(?:\.cacnk)?\d{10,})$/;

/**
 * A store of casync or desync in a directory elsewhere, by SFTP.
 *
 * @param client belongs to the store, which closes it
 * @param root the path of the directory over there, which has to be there
 */
export function sftpChunks(client: SftpClient, root: string, options: SftpChunksOptions = {}): KeptChunks {
  const { coding = compressedCoding(), digest = sha512_256Digest } = options;
  const gate = new Gate();
  const base = root.replace(/\/*$/, "/");
  const placeOf = (id: ChunkId): string => base + chunkPath(id, coding.suffix);

  async function* files(options: AbortOptions | undefined) {
    const list = (path: string) => abortableSource(client.list(path), options?.signal);
    for await (const { name: shard } of list(base)) {
      if (!/^[0-9a-f]{4}$/.test(shard)) continue;
      for await (const { name, mtimeMs } of list(base + shard)) {
        gate.enter(options);
        yield { path: `${shard}/${name}`, name, mtimeMs };
      }
    }
  }

  async function leave({ id, bytes }: Chunk): Promise<void> {
    const path = placeOf(id);
    const found = await client.stat(path);
    const nowMs = Date.now();
    if (found) {
      // One of another user's stays as old as it is.
      if (nowMs - found.mtimeSec * 1000 > renewMs) await client.touch(path, nowMs).catch(() => {});
      return;
    }
    const folder = path.slice(0, path.lastIndexOf("/"));
    const incomplete = `${folder}/.tmp-cacnk${crypto.randomUUID()}`;
    const stored = coding.encode(bytes);
    if (!(await client.create(incomplete, stored))) {
      await client.makeDirectory(folder);
      if (!(await client.create(incomplete, stored))) throw notFound(id);
    }
    await client.replace(incomplete, path);
  }

  const store: KeptChunks = {
    async get(id, options) {
      gate.enter(options);
      const path = placeOf(id);
      const stored = await abortable(client.read(path, maxStoredBytes), options?.signal);
      if (stored === undefined) throw notFound(id);
      return verifyStored(id, stored, coding, digest, path);
    },
    async has(id, options) {
      gate.enter(options);
      return (await abortable(client.stat(placeOf(id)), options?.signal)) !== undefined;
    },
    async put(chunk, options) {
      gate.enter(options);
      await abortable(leave(chunk), options?.signal);
    },
    async delete(id, options) {
      gate.enter(options);
      await abortable(client.remove(placeOf(id)), options?.signal);
    },
    async *kept(options) {
      gate.enter(options);
      for await (const { path, mtimeMs } of files(options)) {
        const id = idOfPath(path, coding.suffix);
        if (id !== undefined) yield { id, writtenMs: mtimeMs };
      }
    },
    async sweep(olderThanMs, options) {
      gate.enter(options);
      let count = 0;
      for await (const { path, name, mtimeMs } of files(options)) {
        if (!temporary.test(name) || Date.now() - mtimeMs < olderThanMs) continue;
        await abortable(client.remove(base + path), options?.signal);
        count++;
      }
      return count;
    },
    async close() {
      gate.close();
      client.close();
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
  return store;
}
