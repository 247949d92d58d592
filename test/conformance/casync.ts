/**
 * Runs vector files of casync against this library. The form of the files:
 * test/vectors/casync/README.md.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ExactReader } from "../../src/bytes/exact-reader.ts";
import { concatBytes } from "../../src/bytes/compare.ts";
import { fromHex, toHex } from "../../src/bytes/hex.ts";
import { readCatar } from "../../src/casync/catar-reader.ts";
import { compressedCoding } from "../../src/casync/chunk-coding.ts";
import { nodeCompressor } from "../../src/casync/compressor.node.ts";
import { readIndex } from "../../src/casync/index-reader.ts";
import { searchTree } from "../../src/casync/goodbye.ts";
import { makeIndex } from "../../src/casync/make-index.ts";
import { encodeMessage, readMessage } from "../../src/casync/protocol.ts";
import { servePull } from "../../src/casync/serve-pull.ts";
import { hashName } from "../../src/casync/siphash.ts";
import { buzhashTable } from "../../src/chunk/buzhash-table.ts";
import { discriminatorOf } from "../../src/chunk/casync-finder.ts";
import { sha256Digest } from "../../src/chunk/digest.ts";
import { sha512_256Digest } from "../../src/chunk/sha512-256.ts";
import { chunkOf } from "../../src/chunk/verify.ts";
import { isSyncError } from "../../src/errors.ts";
import type { Bytes } from "../../src/types.ts";
import { casyncInput } from "../vectors/casync-input.ts";
import { archiveOfTree, bytesOf } from "./casync-archive.ts";
import { type Case, hashHex, Mismatch, same, textBytes } from "./check.ts";

/** One case by its name. */
export type NamedCase = readonly [name: string, run: () => Promise<void> | void];

const schema = /^casync-vectors\/([\w-]+)\/1$/;

/** The cases of a vector file of casync; undefined for a file of another kind. */
export function casyncCases(folder: string, file: Case): readonly NamedCase[] | undefined {
  const kind = Array.isArray(file.table) ? "table" : schema.exec(String(file.schema))?.[1];
  const list = Object.hasOwn(lists, kind ?? "") ? lists[kind!] : undefined;
  return list?.(file, (name) => new Uint8Array(readFileSync(join(folder, name))));
}

type Read = (name: string) => Bytes;

const lists: Record<string, (file: Case, read: Read) => NamedCase[]> = {
  table: ({ table }) => [
    [
      "table",
      () =>
        same(
          "words",
          table.map((word: string) => Number(word) | 0),
          [...buzhashTable()],
        ),
    ],
  ],
  basics: basicCases,
  chunking: ({ cases }, read) =>
    cases.flatMap(({ name, input, runs }: Case) =>
      runs.map((run: Case) => [
        `${name} ${run.chunkSizeArg}`,
        () => runChunking(casyncInput(input), run, run.caibx, read),
      ]),
    ),
  archives: ({ trees }, read) =>
    trees.flatMap((tree: Case) =>
      tree.archives.map((archive: Case) => [
        `${tree.name} ${archive.name}`,
        () => runArchive(tree, archive, read),
      ]),
    ),
  "odd-archives": ({ cases }) => cases.map((vector: Case) => [vector.name, () => runOddArchive(vector)]),
  protocol: ({ sessions, serverProbes }) => [
    ...sessions.map((session: Case) => [session.name, () => runSession(session)]),
    ...serverProbes.map((probe: Case) => [probe.name, () => runProbe(probe)]),
  ],
  store: (file, read) => [
    ...file.chunks.map((chunk: Case) => [
      chunk.file,
      () => runStored(chunk, read(`${file.store}/${chunk.file}`)),
    ]),
    ...file.variants.map((variant: Case) => [
      variant.file,
      () => runVariant(variant, read(variant.file), file),
    ]),
  ],
};

function basicCases({ generators, buzhash, discriminators, siphash, searchTree: trees }: Case): NamedCase[] {
  const table = buzhashTable();
  return [
    ...generators.map(({ spec, length, sha256, sha512_256 }: Case) => [
      `generator ${spec.kind}`,
      () => {
        const bytes = casyncInput(spec);
        same("length", length, bytes.length);
        same("sha256", sha256, hashHex(bytes));
        same("sha512_256", sha512_256, toHex(chunkOf(bytes, sha512_256Digest).id));
      },
    ]),
    ...buzhash.map(({ input, hashes }: Case) => [
      "buzhash",
      () => {
        const bytes = casyncInput(input);
        const found = hashes.map((_: string, start: number) =>
          bytes
            .subarray(start, start + 48)
            .reduce((hash, byte) => ((hash << 1) | (hash >>> 31)) ^ table[byte]!, 0),
        );
        same(
          "hashes",
          hashes.map(Number),
          found.map((hash: number) => hash >>> 0),
        );
      },
    ]),
    ...discriminators.map(({ min, avg, max, clamped }: Case) => [
      `discriminator ${min}:${avg}:${max}`,
      () => {
        const spec = { name: "casync", minBytes: min, averageBytes: avg, maxBytes: max };
        same("clamped", clamped, discriminatorOf(spec));
      },
    ]),
    ...siphash.map(({ name, hash }: Case) => [
      `siphash ${name}`,
      () => same("hash", hash, `0x${hashName(textBytes(name)).toString(16).padStart(16, "0")}`),
    ]),
    ...trees.map(({ n, order }: Case) => [
      `search tree ${n}`,
      () => same("order", order, searchTree(Array.from({ length: n }, (_, i) => i))),
    ]),
  ] as NamedCase[];
}

async function runChunking(bytes: Bytes, run: Case, file: string, read: Read): Promise<void> {
  const digest = run.digest === "sha256" ? sha256Digest : sha512_256Digest;
  const sizes = { minBytes: run.min, averageBytes: run.avg, maxBytes: run.max };
  const made = makeIndex(blocks(bytes), { sizes, digest, features: BigInt(run.indexFeatureFlags) });
  const index = await joined(made);
  const { chunks } = await readIndex(blocks(index));
  const found = [];
  for await (const some of chunks) found.push(...some);
  same(
    "sizes",
    run.sizes,
    found.map(({ size }) => size),
  );
  same(
    "ids",
    run.ids,
    found.map(({ id }) => toHex(id)),
  );
  same(file, hashHex(read(file)), hashHex(index));
  if (run.blobDigest) same("blobDigest", run.blobDigest, toHex(chunkOf(bytes, digest).id));
}

async function runArchive(tree: Case, archive: Case, read: Read): Promise<void> {
  const features = BigInt(archive.featureFlags);
  const bytes = read(archive.catar);
  same("sha256", archive.sha256, hashHex(bytes));
  for (const run of archive.indexes ?? []) await runChunking(bytes, run, run.caidx, read);
  // casync cannot read the one; desync of 2018 had its tables in another order, that of 2026 adds
  // NULs.
  if (archive.producedBy !== undefined) return void (await eventsOf(bytes));
  same("made", archive.sha256, hashHex(archiveOfTree(tree, features)));
  if (archive.name === "owned-names-only") return;
  same("made again", archive.sha256, hashHex(bytesOf(features, await eventsOf(bytes))));
}

async function eventsOf(bytes: Bytes) {
  const { events } = await readCatar(blocks(bytes));
  const all = [];
  for await (const event of events) all.push(event);
  return all;
}

async function runOddArchive({ name, hex, casyncListExit }: Case): Promise<void> {
  const isRead = await ends(eventsOf(fromHex(hex)));
  // Owners by the greatest numbers are a limit of casync, not of the format.
  if (casyncListExit === 0) same("is read", true, isRead);
  else if (!name.startsWith("uid-")) same("is read", false, isRead);
}

async function runSession({ messages, events }: Case): Promise<void> {
  for (const dir of ["C>S", "S>C"]) {
    const stream = concatBytes(
      events.filter((event: Case) => event.dir === dir).map(({ hex }: Case) => fromHex(hex)),
    );
    const reader = new ExactReader(blocks(stream));
    const sizes = [];
    for (let next = await readMessage(reader); next; next = await readMessage(reader))
      sizes.push(encodeMessage(next.type, next.body).length);
    const wanted = messages
      .filter((message: Case) => message.dir === dir)
      .map(({ size }: Case) => Number(size));
    same(dir, wanted, sizes);
  }
}

async function runProbe({ name, stdinHex, exit }: Case): Promise<void> {
  if (name === "too-few-arguments" || name === "nothing-offered") return; // of the command line
  const served = servePull(
    { read: () => blocks(fromHex(stdinHex)), write: async () => {}, end: async () => {}, abort: () => {} },
    { stored: async () => undefined },
  );
  same("exit", exit, (await ends(served)) ? 0 : 1);
}

const coding = compressedCoding(nodeCompressor);

function runStored({ id, size }: Case, stored: Bytes): void {
  const bytes = coding.decode(stored, size);
  same("size", size, bytes.length);
  same("id", id, toHex(chunkOf(bytes, sha512_256Digest).id));
}

function runVariant(
  { casyncAccepts, validZstdStream, file }: Case,
  stored: Bytes,
  { variantsOf }: Case,
): void {
  if (!file.endsWith(".cacnk")) return same("id", variantsOf, toHex(chunkOf(stored, sha512_256Digest).id));
  let id: string | undefined;
  try {
    id = toHex(chunkOf(coding.decode(stored, 1_000_000), sha512_256Digest).id);
  } catch (thrown) {
    if (!isSyncError(thrown, "CORRUPT")) throw thrown;
  }
  if (casyncAccepts) same("id", variantsOf, id);
  else if (!validZstdStream) same("id", undefined, id);
}

/** True when work ends well, false when it throws an error of ours. */
async function ends(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (thrown) {
    if (isSyncError(thrown)) return false;
    throw new Mismatch(`no error of ours: ${String(thrown)}`);
  }
}

async function* blocks(bytes: Bytes): AsyncGenerator<Bytes> {
  for (let at = 0; at < bytes.length; at += 65_521) yield bytes.subarray(at, at + 65_521);
}

async function joined(parts: AsyncIterable<Bytes>): Promise<Bytes> {
  const all = [];
  for await (const part of parts) all.push(part);
  return concatBytes(all);
}
