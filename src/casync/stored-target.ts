import { closingInTheEnd } from "../bytes/closing.ts";
import { override } from "../bytes/override.ts";
import { type Chunk, type ChunkId, idBytes } from "../chunk/chunk.ts";
import { casyncSpec } from "../chunk/cutter-specs.ts";
import { sha512_256Digest } from "../chunk/sha512-256.ts";
import { isSyncError } from "../errors.ts";
import type { ChunkWriter, Store } from "../store/store.ts";
import type { ListedChunks, Need, Placement, TargetOptions, TreeTarget } from "../tree/target.ts";
import { inAnyOrder } from "../bytes/in-any-order.ts";
import { chunksUnderWay, inOrder } from "./in-order.ts";

/** How a session makes the chunks that stores of casync hold: for `sendTree`. */
export const casyncChunks = Object.freeze({ cutter: casyncSpec(), digest: sha512_256Digest });

/** A chunk that the target lacks. */
interface Lacking {
  readonly entry: number;
  /** What was said of the list that it is in, and its place there. */
  readonly answer: Uint8Array;
  readonly index: number;
  /** 32 bytes, of its own memory. */
  readonly id: ChunkId;
  readonly offset: number;
  readonly size: number;
}

/**
 * A target with a store beside it: chunks that are not in the target are taken from the store, and
 * those that come are left there. So trees with content in common share it, and with the indexes
 * of that store.
 *
 * It takes chunks that are named by SHA-512/256 alone, as casync does; those of `casyncChunks` are
 * cut as casync does, too. Old versions of files are used by their chunks. What is in the target
 * already is not put into the store.
 *
 * Memory: chunks of 8 MiB in all, or one.
 *
 * @param target and `store` belong to the new one, which closes them
 */
export function storedTarget(
  target: TreeTarget,
  store: ChunkWriter & Partial<Pick<Store, "delete">>,
): TreeTarget {
  let signal: AbortSignal | undefined;

  async function fetch(lacking: Lacking): Promise<{ readonly lacking: Lacking; readonly chunk?: Chunk }> {
    const { id, size } = lacking;
    try {
      const chunk = await store.get(id, signal && { signal });
      return chunk.bytes.length === size ? { lacking, chunk } : { lacking };
    } catch (thrown) {
      if (isSyncError(thrown, "NOT_FOUND")) return { lacking };
      if (!isSyncError(thrown, "CORRUPT")) throw thrown;
      await store.delete?.(id, signal && { signal }); // or else what comes would be taken for stored
      return { lacking };
    }
  }

  return override(target, {
    digests: [casyncChunks.digest],
    takesAnyDigest: false, // the store keeps the ids
    isEmpty: false,
    old: undefined,
    async open(options: TargetOptions) {
      ({ signal } = options);
      await target.open(options);
    },
    async plan(entries: Parameters<TreeTarget["plan"]>[0], first: number) {
      const needs = await target.plan(entries, first);
      return needs.map((need): Need => (need === "all" ? "ask" : need));
    },
    async place(lists: readonly ListedChunks[]) {
      const answers = await target.place(lists);
      const wanted = lists.flatMap((list, i) => [...lackingIn(list, answers[i]!)]);
      const limits = chunksUnderWay<Lacking>(undefined, ({ size }) => size);
      for await (const { lacking, chunk } of inOrder(wanted, limits, fetch)) {
        if (!chunk) continue;
        await target.write([{ entry: lacking.entry, offset: lacking.offset, chunk }]);
        lacking.answer[lacking.index] = 1;
      }
      return answers;
    },
    async write(placements: readonly Placement[]) {
      await target.write(placements);
      const limits = chunksUnderWay<Placement>(undefined, ({ chunk }) => chunk.bytes.length);
      const put = ({ chunk }: Placement): Promise<void> => store.put(chunk, signal && { signal });
      await inAnyOrder(placements, limits, put);
    },
    close: () =>
      closingInTheEnd(
        () => target.close(),
        () => store.close(),
      ),
  });
}

function* lackingIn({ entry, offset, ids, sizes }: ListedChunks, answer: Uint8Array): Generator<Lacking> {
  let at = offset;
  for (const [index, size] of sizes.entries()) {
    const id = ids.slice(index * idBytes, (index + 1) * idBytes);
    if (answer[index] === 0) yield { entry, answer, index, id, offset: at, size };
    at += size;
  }
}
