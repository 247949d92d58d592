import { concatBytes } from "../bytes/compare.ts";
import { CafsScanner } from "../chunk/cafs-scanner.ts";
import { createSha256, sha256 } from "../chunk/digest.ts";
import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { openCafsFile } from "./cafs-file.ts";
import type { CafsFile } from "./cafs-file.ts";
import type { CafsObject, CafsObjects } from "./cafs-objects.ts";

/** A file on its way into a CAFS storage. Dispose of it in every case; its handles stay valid. */
export interface CafsTemporary {
  /**
   * Takes the next bytes, which may be reused afterwards, and stores the chunks that are complete.
   *
   * @returns how many bytes were taken: all of them
   * @throws STATE when not open; NO_SPACE, the temporary has then failed
   */
  write(bytes: Bytes): number;
  /**
   * Stores the rest and the file itself.
   *
   * @throws STATE when not open; NO_SPACE, the temporary has then failed
   */
  close(): void;
  /**
   * A new handle for the file.
   *
   * @throws STATE unless closed
   */
  file(): CafsFile;
  /** Gives back what it holds. May be called again. */
  dispose(): void;
}

/** Starts a file; at most one chunk of it, 128 KiB, is kept outside the storage's accounts. */
export function createCafsTemporary(objects: CafsObjects): CafsTemporary {
  const scanner = new CafsScanner();
  const whole = createSha256();
  let state: "open" | "closed" | "failed" | "disposed" = "open";
  let size = 0;
  let pending: Bytes[] = [];
  /** What this temporary holds a reference on: the chunks so far, in the end the file alone. */
  let held: CafsObject[] = [];

  function whileOpen<Result>(step: () => Result): Result {
    if (state !== "open") throw new SyncError("STATE", "Invalid temporary state");
    try {
      return step();
    } catch (error) {
      state = "failed";
      throw error;
    }
  }

  function takePending(): Bytes {
    const bytes = concatBytes(pending);
    pending = [];
    return bytes;
  }

  function storeChunk(): void {
    const bytes = takePending();
    held.push(objects.addBytes(sha256(bytes), bytes));
  }

  function take(bytes: Bytes): number {
    whole.update(bytes);
    size += bytes.length;
    for (let rest = bytes; rest.length > 0;) {
      const length = scanner.scan(rest);
      if (length > 0) pending.push(rest.slice(0, length));
      if (length < rest.length) storeChunk();
      rest = rest.subarray(length);
    }
    return bytes.length;
  }

  function finish(): void {
    const id = whole.digest();
    if (held.length === 0) {
      held = [objects.addBytes(id, takePending())];
    } else {
      storeChunk();
      held = [objects.addList(id, size, held)];
    }
    state = "closed";
  }

  return {
    write: (bytes) => whileOpen(() => take(bytes)),
    close: () => whileOpen(finish),
    file() {
      if (state === "open") throw new SyncError("STATE", "Temporary still open");
      const [object] = held;
      if (state !== "closed" || !object) throw new SyncError("STATE", "Invalid temporary state");
      return openCafsFile(objects, object);
    },
    dispose() {
      state = "disposed";
      for (const object of held) objects.release(object);
      held = [];
      pending = [];
    },
  };
}
