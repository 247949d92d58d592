import { randomUUID } from "node:crypto";
import { open, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Store } from "../store/store.ts";
import { createPin } from "../store/pin.ts";
import { fileTrouble } from "../tree/file-trouble.node.ts";
import { readPart, writeFully } from "./file-blocks.ts";
import type { FoundChunks } from "./found-chunks.ts";

/** A store for the time of one command. */
export interface Spool {
  readonly store: Pick<Store, "get" | "put" | "pin">;
  close(): Promise<void>;
}

/**
 * Stores chunks in a file without a name, beside others that were found where they are. Memory does not grow
 * with their content, and nothing stays behind, however the process ends.
 *
 * @param directory where there is room for all that is put
 * @param found knows them all afterwards
 * @throws IO, NO_SPACE
 */
export async function openSpool(directory: string, found: FoundChunks): Promise<Spool> {
  const path = join(directory, `.rsync-stream-${randomUUID()}`);
  const refuse = (thrown: unknown): never => {
    throw fileTrouble(thrown, directory);
  };
  const file = await open(path, "wx+", 0o600).catch(refuse);
  await unlink(path);
  found.addOwner((offset, size) => readPart(file, offset, size));
  const pin = createPin(() => {});
  let endBytes = 0;
  return {
    store: {
      get: (id) => found.get(id),
      async put({ id, bytes }) {
        if (found.has(id)) return;
        const offset = endBytes;
        endBytes += bytes.length;
        await writeFully(file, bytes, offset).catch(refuse);
        found.add(id, offset, bytes.length);
      },
      pin: async (id) => (found.has(id) ? pin : undefined),
    },
    close: () => file.close(),
  };
}
