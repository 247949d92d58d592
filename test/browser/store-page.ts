import { indexedDbStore } from "../../src/store/indexed-db.ts";
import { opfsStore } from "../../src/store/opfs.ts";
import { storeCases } from "../../src/testing/store-suite.ts";
import { seededBytes } from "../../src/testing/random.ts";
import { chunkOf } from "../../src/chunk/verify.ts";
import type { Chunk } from "../../src/chunk/chunk.ts";
import { suiteCalls } from "./page-suite.ts";

let count = 0;

async function newDirectory(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(`suite-${count++}`, { create: true });
}

const suites = {
  IndexedDB: storeCases(() => indexedDbStore(`suite-${count++}`)),
  OPFS: storeCases(async () => opfsStore(await newDirectory())),
};

async function contentOf(directory: FileSystemDirectoryHandle, chunks: readonly Chunk[]): Promise<boolean[]> {
  await using store = await opfsStore(directory);
  return Promise.all(chunks.map(({ id }) => store.has(id)));
}

Object.assign(globalThis, {
  ...suiteCalls((suite) => suites[suite as keyof typeof suites]),

  /**
   * Files that many chunks take when they are put at once, and what another store finds there, one
   * being deleted.
   */
  async keepMany() {
    const directory = await newDirectory();
    const chunks = Array.from({ length: 300 }, (_, seed) => chunkOf(seededBytes(seed, 3000)));
    const store = await opfsStore(directory);
    await Promise.all(chunks.map((chunk) => store.put(chunk)));
    let files = 0;
    for await (const name of directory.keys()) files += name.endsWith(".pack") ? 1 : 0;
    await store.delete(chunks[7]!.id);
    await store.close();
    const found = await contentOf(directory, chunks);
    return { files, missing: found.flatMap((here, i) => (here ? [] : [i])) };
  },

  /** What a store says of a chunk whose file somebody changed. */
  async damage() {
    const directory = await newDirectory();
    const chunk = chunkOf(seededBytes(1, 3000));
    const first = await opfsStore(directory);
    await first.put(chunk);
    await first.close();
    for await (const handle of directory.values()) {
      const writable = await (handle as FileSystemFileHandle).createWritable({ keepExistingData: true });
      await writable.write({ type: "write", position: 1000, data: new Uint8Array(1) });
      await writable.close();
    }
    await using store = await opfsStore(directory);
    return store.get(chunk.id).then(
      () => "taken",
      (error: { code: string }) => error.code,
    );
  },
  ready: true,
});
