import { concatBytes, equalBytes } from "../bytes/compare.ts";
import { idBytes } from "../chunk/chunk.ts";
import { fastcdcSpec } from "../chunk/cutter-specs.ts";
import { sha256Digest } from "../chunk/digest.ts";
import { macDigest } from "../chunk/mac-digest.ts";
import { macKeyBytes } from "../chunk/mac-subkeys.ts";
import { verifyChunk } from "../chunk/verify.ts";
import { SyncError } from "../errors.ts";
import { EntryChecker } from "../tree/entry/entry-order.ts";
import { memorySource } from "../tree/memory/memory-source.ts";
import type { MemoryDir } from "../tree/memory/memory-tree.ts";
import type { Entry } from "../tree/entry/entry.ts";
import type { CutOptions, CutRun, SourceEntry, TreeSource } from "../tree/source.ts";
import type { AbortOptions, Bytes } from "../types.ts";
import type { ConformanceCase } from "./case.ts";
import { Contract } from "./contract.ts";
import { sampleTree, type Shortcomings } from "./sample-tree.ts";

/** A source as its contract sees it. */
export interface SourceUnderTest<File = unknown> extends Shortcomings {
  /**
   * Opens a source of what is in a directory, which it first puts where the source finds it; the
   * test closes it.
   */
  open(tree: MemoryDir): Promise<TreeSource<File>>;
}

interface Scene<File> {
  readonly source: TreeSource<File>;
  readonly tree: MemoryDir;
  readonly shortcomings: Shortcomings;
}

/** The contract of a TreeSource as tests. */
export function sourceCases<File>(underTest: SourceUnderTest<File>): readonly ConformanceCase[] {
  return cases.map(([name, check]) => ({
    name,
    async run() {
      const tree = sampleTree(underTest);
      const source = await underTest.open(tree);
      try {
        await check({ source: source as TreeSource, tree, shortcomings: underTest });
      } finally {
        await source.close();
      }
    },
  }));
}

const contract = new Contract("source");
const cutter = fastcdcSpec();

const cases: readonly (readonly [name: string, check: (scene: Scene<unknown>) => Promise<void>])[] = [
  ["lists every entry in canonical order", lists],
  ["cuts files whole, in whatever order it is asked to", cuts],
  ["names chunks by every digest that it offers", offersDigests],
  ["puts content where it is told to", usesRoom],
  ["reads any part of a file again, and no more than there is", reads],
  ["rejects with the reason of an aborted signal", honoursAbort],
];

async function lists({ source, tree, shortcomings }: Scene<unknown>): Promise<void> {
  const found = (await listed(source)).map(({ entry }) => entry);
  const expected = (await listed(memorySource(tree))).map(({ entry }) => entry);
  const checker = new EntryChecker("contents");
  for (const entry of found) checker.check(entry);
  const texts = (entries: readonly Entry[]) => entries.map((entry) => textOf(entry, shortcomings)).join("\n");
  contract.expect(texts(found) === texts(expected), `it lists\n${texts(found)}\nand not\n${texts(expected)}`);
}

async function cuts({ source, tree }: Scene<unknown>): Promise<void> {
  const content = await contents(tree);
  const files = (await filesOf(source)).reverse();
  const cut = await cutAll(
    source,
    files.map(({ file }) => file),
  );
  for (const { entry, file } of files) {
    const { bytes } = cut.get(file)!;
    const name = new TextDecoder().decode(entry.name);
    contract.expect(equalBytes(bytes, content.get(name)!), `the chunks of ${name} are its content`);
  }
}

async function offersDigests({ source }: Scene<unknown>): Promise<void> {
  const files = (await filesOf(source)).map(({ file }) => file);
  const { digests = [sha256Digest], takesAnyDigest = false } = source;
  const all = takesAnyDigest ? [...digests, macDigest(new Uint8Array(macKeyBytes).fill(7))] : digests;
  for (const digest of all) await cutAll(source, files, { digest });
}

async function usesRoom({ source }: Scene<unknown>): Promise<void> {
  const given = new Set<ArrayBufferLike>();
  const room = (count: number): Bytes => {
    const bytes = new Uint8Array(count);
    given.add(bytes.buffer);
    return bytes;
  };
  for (const { file } of await filesOf(source)) {
    for await (const runs of source.cut([file], cutter, { room })) for (const run of runs) verifyRun(run, {});
  }
}

async function reads({ source, tree }: Scene<unknown>): Promise<void> {
  const content = await contents(tree);
  for (const { entry, file } of await filesOf(source)) {
    const bytes = content.get(new TextDecoder().decode(entry.name))!;
    const offset = Math.floor(bytes.length / 3);
    const part = await source.read(file, offset, bytes.length - offset, {});
    contract.expect(equalBytes(part, bytes.subarray(offset)), "read() gives the part that is asked for");
    await contract.expectCode("CHANGED", source.read(file, offset, bytes.length - offset + 1, {}));
  }
}

async function honoursAbort({ source }: Scene<unknown>): Promise<void> {
  const [first] = await filesOf(source);
  const reason = new SyncError("ABORTED", "changed my mind");
  const aborted: AbortOptions = { signal: AbortSignal.abort(reason) };
  await contract.expectReason(reason, listed(source, aborted));
  await contract.expectReason(reason, cutAll(source, [first!.file], aborted));
  await contract.expectReason(reason, source.read(first!.file, 0, 0, aborted));
}

async function listed<File>(
  source: TreeSource<File>,
  options: AbortOptions = {},
): Promise<SourceEntry<File>[]> {
  const found: SourceEntry<File>[] = [];
  for await (const batch of source.entries(options)) found.push(...batch);
  return found;
}

async function filesOf<File>(source: TreeSource<File>): Promise<SourceEntry<File>[]> {
  return (await listed(source)).filter(({ entry }) => entry.kind === "file");
}

/** The content of the files of the sample, whose names differ. */
async function contents(tree: MemoryDir): Promise<Map<string, Bytes>> {
  const found = new Map<string, Bytes>();
  const source = memorySource(tree);
  for (const { entry, file } of await filesOf(source)) {
    found.set(new TextDecoder().decode(entry.name), await source.read(file, 0, entry.size, {}));
  }
  return found;
}

/** Cuts files, and verifies what comes. */
async function cutAll<File>(
  source: TreeSource<File>,
  files: readonly File[],
  options: CutOptions = {},
): Promise<Map<File, { readonly bytes: Bytes }>> {
  const parts = new Map<File, Bytes[]>(files.map((file) => [file, []]));
  const ended = new Set<File>();
  for await (const runs of source.cut(files, cutter, options)) {
    for (const run of runs) {
      contract.expect(
        parts.has(run.file) && !ended.has(run.file),
        "a run belongs to a file that is being cut",
      );
      verifyRun(run, options);
      parts.get(run.file)!.push(run.bytes.slice());
      if (run.end !== undefined) ended.add(run.file);
      contract.expect(run.end === undefined || run.end === "complete", `a file ends with ${String(run.end)}`);
    }
  }
  contract.expect(ended.size === files.length, "every file comes to its end");
  return new Map([...parts].map(([file, bytes]) => [file, { bytes: concatBytes(bytes) }]));
}

function verifyRun({ sizes, ids, bytes }: CutRun<unknown>, { digest = sha256Digest }: CutOptions): void {
  contract.expect(ids.length === sizes.length * idBytes, "there is an id for each chunk");
  let at = 0;
  for (const [i, size] of sizes.entries()) {
    contract.expect(size > 0 && size <= cutter.maxBytes, "a chunk is as long as the cutter allows");
    verifyChunk(ids.subarray(i * idBytes, (i + 1) * idBytes), bytes.subarray(at, at + size), digest);
    at += size;
  }
  contract.expect(at === bytes.length, "a run holds the bytes of its chunks");
}

function textOf(
  { depth, name, kind, size, mode, mtimeSec, mtimeNsec, target }: Entry,
  { metadata = true }: Shortcomings,
): string {
  const shown = [
    depth,
    new TextDecoder().decode(name),
    kind,
    size,
    target && new TextDecoder().decode(target),
  ];
  if (metadata && depth > 0) shown.push(kind === "symlink" ? "" : mode.toString(8), mtimeSec, mtimeNsec);
  return shown.join(" ");
}
