import { fromHex, toHex } from "../../../src/bytes/hex.ts";
import { createSha256 } from "../../../src/chunk/digest.ts";
import type { CafsFile } from "../../../src/store/cafs-file.ts";
import type { CafsStorage } from "../../../src/store/cafs-storage.ts";
import type { CafsTemporary } from "../../../src/store/cafs-temporary.ts";
import { inputBytes } from "../../vectors/input.ts";
import type { InputSpec } from "../../vectors/input.ts";

/**
 * One step of a storage script: an operation, its arguments and all that the reference then showed.
 */
export interface StorageStep {
  readonly op: string;
  readonly temp?: string;
  readonly file?: string;
  readonly as?: string;
  readonly key?: string;
  readonly data?: InputSpec;
  readonly [shown: string]: unknown;
}

type Shown = Record<string, unknown>;

/** Carries out storage scripts step by step, and shows each result in the form of the vectors. */
export class StorageScript {
  readonly #storage: CafsStorage;
  readonly #temporaries = new Map<string, CafsTemporary>();
  readonly #files = new Map<string, CafsFile>();

  constructor(storage: CafsStorage) {
    this.#storage = storage;
  }

  /** The step as it should look if the storage behaves as the vectors say. */
  run(step: StorageStep): Shown {
    const { op, temp, file, as, key, data } = step;
    const named = Object.fromEntries(
      Object.entries({ op, temp, file, as, data }).filter(([, value]) => value !== undefined),
    );
    const shown = this.#apply(step);
    if (key !== undefined && !("key" in shown)) shown["key"] = key;
    return { ...named, ...shown, used: this.#storage.usedBytes, locked: this.#storage.lockedBytes };
  }

  #apply(step: StorageStep): Shown {
    switch (step.op) {
      case "create":
        this.#temporaries.set(step.temp!, this.#storage.create());
        return {};
      case "write":
        return attempt("err", () => ({ n: this.#temp(step).write(inputBytes(step.data!)) }), { n: 0 });
      case "close":
        return attempt("err", () => void this.#temp(step).close());
      case "file":
        return attempt("panic", () => {
          const opened = this.#temp(step).file();
          return { ...this.#name(step, opened), numChunks: opened.chunkCount };
        });
      case "disposeTemp":
        this.#temp(step).dispose();
        return {};
      case "get":
        return attempt("err", () => this.#name(step, this.#storage.get(fromHex(step.key!))));
      case "duplicate":
        return attempt("panic", () => void this.#files.set(step.as!, this.#file(step).duplicate()));
      case "dispose":
        this.#file(step).dispose();
        return {};
      case "read":
        return digestOf(this.#file(step));
      case "freeCache":
        return { freed: this.#storage.freeCache() };
      default:
        throw new Error(`unknown operation ${step.op}`);
    }
  }

  #name(step: StorageStep, file: CafsFile): Shown {
    this.#files.set(step.as!, file);
    return { key: toHex(file.key), size: file.size, isChunked: file.isChunked };
  }

  #temp(step: StorageStep): CafsTemporary {
    return this.#temporaries.get(step.temp!)!;
  }

  #file(step: StorageStep): CafsFile {
    return this.#files.get(step.file!)!;
  }
}

/** The vectors show an error as text, no error as null, and no panic not at all. */
function attempt(kind: "err" | "panic", call: () => Shown | void, otherwise: Shown = {}): Shown {
  try {
    const shown = call() ?? {};
    return kind === "err" ? { ...shown, err: null } : shown;
  } catch (error) {
    return { ...otherwise, [kind]: (error as Error).message };
  }
}

function digestOf(file: CafsFile): Shown {
  const hash = createSha256();
  let size = 0;
  for (const block of file.read()) {
    hash.update(block);
    size += block.length;
  }
  return { sha256: toHex(hash.digest()), size };
}
