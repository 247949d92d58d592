import { closingAfter } from "../../bytes/closing.ts";
import { randomUUID } from "node:crypto";
import { closeSync } from "node:fs";
import type { Chunk } from "../../chunk/chunk.ts";
import { keyOf } from "../../store/key.ts";
import { createPin, PinTable } from "../../store/pin.ts";
import type { Store } from "../../store/store.ts";
import { fileTrouble } from "../../tree/disk/calls/file-trouble.node.ts";
import { HeldDirs } from "../../tree/disk/calls/held-dirs.node.ts";
import { pathOf } from "../../bytes/byte-path.node.ts";
import { createIn, removeFrom } from "./file-replacement.ts";
import { readPart, writeFully } from "./file-blocks.ts";
import type { FoundChunks } from "./found-chunks.ts";

/** A store for the time of one command. */
interface Spool {
  readonly store: Pick<Store, "get" | "put" | "pin">;
  close(): Promise<void>;
}

/** Bytes of chunks that wait in memory for their last use; what is beyond waits in a file. */
const memoryBytes = 8 << 20;

/**
 * Stores chunks until they are let go of, beside others that were found where they are. Memory does
 * not grow with their content, and nothing stays behind, however the process ends.
 *
 * Its methods throw IO and NO_SPACE.
 *
 * @param directory where there is room for what does not fit into memory
 * @param found knows that, too, afterwards; no owner of chunks may be added any more
 */
export function createSpool(directory: string, found: FoundChunks): Spool {
  const waiting = new Map<string, Chunk>();
  const pins = new PinTable();
  const nothingToDo = createPin(() => {});
  let waitingBytes = 0;
  let fd: number | undefined;
  let endBytes = 0;

  function drop(key: string): void {
    waitingBytes -= waiting.get(key)?.bytes.length ?? 0;
    waiting.delete(key);
  }

  async function moveToFile(key: string, { id, bytes }: Chunk): Promise<void> {
    if (fd === undefined) {
      const opened = (fd = openNameless(directory));
      found.addOwner((offset, size) => readPart(opened, offset, size));
    }
    await writeFully(fd, bytes, endBytes);
    found.add(id, endBytes, bytes.length);
    endBytes += bytes.length;
    drop(key);
  }

  return {
    store: {
      get: async (id) => waiting.get(keyOf(id)) ?? found.get(id),
      async put(chunk) {
        const key = keyOf(chunk.id);
        if (waiting.has(key) || found.has(chunk.id)) return;
        waiting.set(key, chunk);
        waitingBytes += chunk.bytes.length;
        try {
          for (const [oldest, moved] of waiting) {
            if (waitingBytes <= memoryBytes) break;
            await moveToFile(oldest, moved);
          }
        } catch (thrown) {
          throw fileTrouble(thrown, directory);
        }
      },
      async pin(id) {
        const key = keyOf(id);
        if (!waiting.has(key)) return found.has(id) ? nothingToDo : undefined;
        const pin = pins.add(key);
        return createPin(() => {
          pin.release();
          if (!pins.holds(key)) drop(key);
        });
      },
    },
    async close() {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  };
}

function openNameless(directory: string): number {
  const held = new HeldDirs(pathOf(directory));
  const name = `.rsync-stream-${randomUUID()}`;
  const make = (): number => {
    const fd = createIn(held, name, 0o600);
    removeFrom(held, name);
    return fd;
  };
  return closingAfter(make, () => held.close());
}
