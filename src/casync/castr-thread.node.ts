import type { Chunk, ChunkId } from "../chunk/chunk.ts";
import { SyncError, type SyncErrorCode, type SyncErrorDetail } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { AskedThread } from "./asked-thread.node.ts";
import type { FormName } from "./castr-form.node.ts";

/** What a thread works on. */
export interface CastrThreadData {
  readonly root: string;
  readonly form: FormName;
}

/** Chunks that a thread is to read, or one that it is to write. */
export interface CastrTask {
  readonly read?: readonly ChunkId[];
  /** What to compress, and where to write it in the store, `abcd/name`. */
  readonly write?: { readonly path: string; readonly bytes: Bytes };
}

/** What became of one chunk. */
export interface CastrResult {
  /** What was read, and has been verified. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly trouble?: {
    readonly code: SyncErrorCode;
    readonly message: string;
    readonly detail: SyncErrorDetail;
  };
}

/** Reads and writes the chunks of one store in a thread of its own. */
export class CastrThread {
  readonly #thread: AskedThread<CastrTask, readonly CastrResult[]>;

  private constructor(thread: AskedThread<CastrTask, readonly CastrResult[]>) {
    this.#thread = thread;
  }

  /** Undefined where the program of the thread is missing. */
  static start(data: CastrThreadData): CastrThread | undefined {
    const thread = AskedThread.start<CastrTask, readonly CastrResult[]>("castr-worker", data);
    return thread && new CastrThread(thread);
  }

  /** @throws NO_SPACE, IO; INTERNAL when the thread ended */
  async write(path: string, { bytes }: Chunk): Promise<void> {
    // A part of a block would take all of that with it.
    const own = bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
    const [result] = await this.#thread.ask({ write: { path, bytes: own } });
    if (result?.trouble) throw errorOf(result.trouble);
  }

  /**
   * Reads chunks; each is verified, or else there is an error of NOT_FOUND, CORRUPT or IO.
   *
   * @throws INTERNAL when the thread ended
   */
  async read(ids: readonly ChunkId[]): Promise<readonly (Chunk | SyncError)[]> {
    const results = await this.#thread.ask({ read: ids });
    return results.map(({ bytes, trouble }, i) =>
      trouble ? errorOf(trouble) : ({ id: ids[i]!, bytes } as Chunk),
    );
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }
}

function errorOf({ code, message, detail }: NonNullable<CastrResult["trouble"]>): SyncError {
  return new SyncError(code, message, { detail });
}
