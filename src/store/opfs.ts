import { concatBytes } from "../bytes/compare.ts";
import type { Chunk, ChunkInfo } from "../chunk/chunk.ts";
import { copyOfChunk, verifyChunk } from "../chunk/verify.ts";
import { isSyncError, SyncError } from "../errors.ts";
import { bytesOf, encodePackHead, infoOf, readPackHead } from "./chunk-pack.ts";
import { domTrouble } from "./dom-trouble.ts";
import { Gate } from "./gate.ts";
import { keyOf, locked, notFound } from "./key.ts";
import { PinTable } from "./pin.ts";
import type { Store } from "./store.ts";

const suffix = ".pack";
/** Bytes of content in one pack, about: what a deletion may have to write again. */
const packBytes = 4 << 20;

/** Where a chunk is. */
interface Located extends ChunkInfo {
  readonly pack: Pack;
  readonly offset: number;
}

/** A file of chunks; it is written once, as a whole, and never changed. */
interface Pack {
  readonly name: string;
  readonly file: File;
}

/**
 * Keeps chunks in a directory of the browser's private file system (OPFS), for the pages and
 * workers of one origin. Every chunk is hashed when it is read.
 *
 * Chunks that are put while others are being written go into one file together, so put many at
 * once: a file costs about a millisecond, however little is in it. The ids are held in memory, some
 * 200 bytes a chunk. What other tabs put is seen when the store is opened anew; pins hold within
 * this store object only.
 *
 * @param directory of the store's own
 * @throws IO when it cannot be read
 */
export async function opfsStore(directory: FileSystemDirectoryHandle): Promise<Store> {
  const gate = new Gate();
  const pins = new PinTable();
  const index = await readIndex(directory).catch(rethrow);
  /** Chunks that wait to be written, and the promise that they are. */
  let waiting = new Map<string, Chunk>();
  let written: Promise<void> | undefined;
  /** The last change of the directory: one is made after another. */
  let turn: Promise<unknown> = Promise.resolve();

  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = turn.then(work);
    turn = result.catch(() => {});
    return result;
  }

  function writeWaiting(): Promise<void> {
    const chunks = [...waiting].flatMap(([key, chunk]) => (index.has(key) ? [] : chunk));
    waiting = new Map();
    written = undefined;
    return writeInPacks(chunks);
  }

  async function writeInPacks(chunks: readonly Chunk[]): Promise<void> {
    for (let from = 0, end = 0, size = 0; from < chunks.length; from = end, size = 0) {
      while (end < chunks.length && size < packBytes) size += chunks[end++]!.bytes.length;
      await writePack(chunks.slice(from, end));
    }
  }

  async function writePack(chunks: readonly Chunk[]): Promise<void> {
    const head = encodePackHead(chunks.map(infoOf));
    const content = concatBytes([head, ...chunks.map(({ bytes }) => bytes)]);
    const pack = await createPack(directory, content as Uint8Array<ArrayBuffer>);
    let offset = head.length;
    for (const { id, bytes } of chunks) {
      index.set(keyOf(id), { id, size: bytes.length, pack, offset });
      offset += bytes.length;
    }
  }

  /** Writes the other chunks of its pack anew and removes that. */
  async function forget(key: string): Promise<void> {
    const { pack } = index.get(key)!;
    const others = [...index].filter(([other, { pack: its }]) => its === pack && other !== key);
    await writeInPacks(await Promise.all(others.map(([, place]) => read(place))));
    index.delete(key);
    await directory.removeEntry(pack.name);
  }

  const store: Store = {
    async get(id, options) {
      gate.enter(options);
      for (;;) {
        const place = index.get(keyOf(id));
        if (!place) throw notFound(id);
        try {
          return await read(place);
        } catch (thrown) {
          if (index.get(keyOf(id)) !== place) continue; // it was moved meanwhile
          const error = domTrouble(thrown);
          throw error.code === "VANISHED" ? notFound(id) : error;
        }
      }
    },
    async put(chunk, options) {
      gate.enter(options);
      const key = keyOf(chunk.id);
      if (index.has(key)) return;
      waiting.set(key, copyOfChunk(chunk));
      written ??= inTurn(writeWaiting).catch(rethrow);
      await written;
    },
    async has(id, options) {
      gate.enter(options);
      return index.has(keyOf(id));
    },
    async delete(id, options) {
      gate.enter(options);
      const key = keyOf(id);
      await inTurn(async () => {
        if (pins.holds(key)) throw locked(id);
        if (index.has(key)) await forget(key);
      }).catch(rethrow);
    },
    async *list(options) {
      gate.enter(options);
      for (const { id, size } of index.values()) {
        yield { id, size };
        gate.enter(options);
      }
    },
    async pin(id, options) {
      gate.enter(options);
      const key = keyOf(id);
      return index.has(key) ? pins.add(key) : undefined;
    },
    async close() {
      gate.close();
      await turn;
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
  return store;
}

async function readIndex(directory: FileSystemDirectoryHandle): Promise<Map<string, Located>> {
  const index = new Map<string, Located>();
  for await (const handle of directory.values()) {
    if (!handle.name.endsWith(suffix) || handle.kind !== "file") continue;
    const pack = { name: handle.name, file: await (handle as FileSystemFileHandle).getFile() };
    // One that is cut off is another tab's that is being written, or was.
    const chunks = await readPackHead(pack.file).catch(() => []);
    for (const chunk of chunks) index.set(keyOf(chunk.id), { ...chunk, pack });
  }
  return index;
}

/** Writes a file that is there as a whole or not at all. */
async function createPack(
  directory: FileSystemDirectoryHandle,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Pack> {
  const name = `${crypto.randomUUID()}${suffix}`;
  const handle = await directory.getFileHandle(name, { create: true });
  try {
    const writable = await handle.createWritable();
    await writable.write(bytes);
    await writable.close();
    return { name, file: await handle.getFile() };
  } catch (thrown) {
    await directory.removeEntry(name).catch(() => {});
    throw thrown;
  }
}

async function read({ pack, id, offset, size }: Located): Promise<Chunk> {
  const bytes = await bytesOf(pack.file.slice(offset, offset + size));
  try {
    return verifyChunk(id.slice(), bytes);
  } catch (cause) {
    if (!isSyncError(cause, "UNEXPECTED_CHUNK")) throw cause;
    throw new SyncError("CORRUPT", "a stored chunk is damaged", { cause });
  }
}

function rethrow(thrown: unknown): never {
  throw domTrouble(thrown);
}
