import { equalBytes } from "../bytes/compare.ts";
import { idBytes } from "../chunk/chunk.ts";
import { createCutter } from "../chunk/create-cutter.ts";
import { fastcdcSpec } from "../chunk/cutter-specs.ts";
import { type ChunkDigest, sha256Digest } from "../chunk/digest.ts";
import { idOfKey } from "../chunk/id-key.ts";
import { macDigest } from "../chunk/mac-digest.ts";
import { macKeyBytes } from "../chunk/mac-subkeys.ts";
import { verifyChunk } from "../chunk/verify.ts";
import { SyncError } from "../errors.ts";
import { cutBytes } from "../tree/memory/memory-cut.ts";
import { memorySource } from "../tree/memory/memory-source.ts";
import { type MemoryDir, memoryDir, memoryFile, type MemoryNode } from "../tree/memory/memory-tree.ts";
import type { Entry } from "../tree/entry/entry.ts";
import type { Placement, TreeTarget } from "../tree/target.ts";
import type { Bytes } from "../types.ts";
import type { ConformanceCase } from "./case.ts";
import { Contract } from "./contract.ts";
import { seededBytes } from "./random.ts";
import { sampleTree, type Shortcomings } from "./sample-tree.ts";

/** A place for a target, as its contract sees it. */
export interface TargetUnderTest extends Shortcomings {
  /** Makes an empty place. */
  make(): Promise<{
    /** Opens a target there, for one session; the test closes it. */
    open(): Promise<TreeTarget>;
    /** What is there, without what the target needs for itself. */
    read(): Promise<MemoryDir>;
    /** Removes the place. */
    remove?(): Promise<void>;
  }>;
}

type Place = Awaited<ReturnType<TargetUnderTest["make"]>>;

interface Scene {
  readonly place: Place;
  readonly shortcomings: Shortcomings;
}

/** The contract of a TreeTarget as tests. */
export function targetCases(underTest: TargetUnderTest): readonly ConformanceCase[] {
  return cases.map(([name, check]) => ({
    name,
    async run() {
      const place = await underTest.make();
      try {
        await check({ place, shortcomings: underTest });
      } finally {
        await place.remove?.();
      }
    },
  }));
}

const contract = new Contract("target");
const cutter = fastcdcSpec();

const cases: readonly (readonly [name: string, check: (scene: Scene) => Promise<void>])[] = [
  ["takes a tree", takesTree],
  ["needs nothing of a tree that is there", needsNothing],
  ["finds content by every digest that it offers", offersDigests],
  ["says of chunks that are not there that they have to come", saysWhatIsMissing],
  ["keeps the old file when the new one is given up, and tells why", keepsAbandoned],
  ["tells of each file that will take the place of another how long that one is", tellsReplaced],
  ["refuses a file of which a part never came", refusesTruncated],
  ["passes over what it was not told of", passesOver],
  ["stays as it was when a session breaks off before a file is complete", breaksOff],
  ["keeps nothing for the next session of what it is told to discard", discards],
  ["rejects with the reason of an aborted signal", honoursAbort],
];

async function takesTree({ place, shortcomings }: Scene): Promise<void> {
  const tree = sampleTree(shortcomings);
  const { troubles } = await deliver(place, tree);
  contract.expect(troubles.length === 0, `it has trouble: ${String(troubles[0])}`);
  await expectTree(place, tree, shortcomings);
}

async function needsNothing({ place, shortcomings }: Scene): Promise<void> {
  const tree = sampleTree(shortcomings);
  await deliver(place, tree);
  const { asked } = await deliver(place, tree);
  contract.expect(asked === 0, "a file of the same size and time is needed again");
  await expectTree(place, tree, shortcomings);
}

async function offersDigests({ place }: Scene): Promise<void> {
  const target = await place.open();
  const { digests: named = [sha256Digest], takesAnyDigest = false } = target;
  await target.close();
  const digests = takesAnyDigest ? [...named, macDigest(new Uint8Array(macKeyBytes).fill(7))] : named;
  const content = seededBytes(5, 300_000);
  await deliver(place, memoryDir({ file: memoryFile(content, { mtimeSec: 1 }) }));
  for (const [i, digest] of digests.entries()) {
    const tree = memoryDir({ file: memoryFile(content, { mtimeSec: 2 + i }) });
    const { sentBytes, troubles } = await deliver(place, tree, digest);
    contract.expect(troubles.length === 0, `with ${digest.name} it has trouble: ${String(troubles[0])}`);
    contract.expect(sentBytes === 0, `content that is there is not found by ${digest.name}`);
  }
}

async function saysWhatIsMissing({ place, shortcomings }: Scene): Promise<void> {
  const old = seededBytes(6, 200_000);
  const now = old.slice();
  now.fill(7, 90_000, 110_000);
  await deliver(place, memoryDir({ file: memoryFile(old, { mtimeSec: 1 }) }));
  const tree = memoryDir({ file: memoryFile(now, { mtimeSec: 2 }) });
  const { sentBytes } = await deliver(place, tree);
  contract.expect(sentBytes >= 20_000, "a chunk that is not there is said to be");
  contract.expect(sentBytes < now.length, "chunks of the old version are not used");
  await expectTree(place, tree, shortcomings);
}

async function keepsAbandoned({ place, shortcomings }: Scene): Promise<void> {
  const tree = memoryDir({ file: memoryFile("old", { mtimeSec: 1 }) });
  await deliver(place, tree);
  const troubles = await within(place, async (target) => {
    await target.plan([rootEntry, fileEntry("file", 5)], 0);
    await target.write([placementOf(1, 0, "ne")]);
    await target.abandon(1, new SyncError("CHANGED", "it changed", { remote: true }));
    await target.commit(true);
  });
  contract.expect(troubles.length === 1 && troubles[0]!.code === "CHANGED", "the reason is told once");
  const { path = "file" } = troubles[0]!.detail; // a session adds the path where a target leaves it out
  contract.expect(path === "file", "the reason comes with a path that is not the file's");
  await expectTree(place, tree, shortcomings);
}

async function tellsReplaced({ place }: Scene): Promise<void> {
  await deliver(place, memoryDir({ old: memoryFile("four", { mtimeSec: 1 }), same: memoryFile("", times) }));
  const told: string[] = [];
  const target = await place.open();
  try {
    const onReplace = (entry: number, bytes: number): void => void told.push(`${entry} ${bytes}`);
    await target.open({ cutter, layout: "contents", search: false, onTrouble: () => {}, onReplace });
    await target.plan([rootEntry, fileEntry("new", 5), fileEntry("old", 5), fileEntry("same", 0)], 0);
  } finally {
    await target.close();
  }
  contract.expect(
    told.join() === "2 4",
    `it tells ${told.join() || "nothing"} instead of entry 2 and 4 bytes`,
  );
}

async function refusesTruncated({ place, shortcomings }: Scene): Promise<void> {
  const tree = memoryDir({ file: memoryFile("old", { mtimeSec: 1 }) });
  await deliver(place, tree);
  const troubles = await within(place, async (target) => {
    await target.plan([rootEntry, fileEntry("file", 500_000)], 0);
    await target.write([placementOf(1, 0, "a part")]);
    await target.finish([{ entry: 1, size: 500_000 }]);
    await target.commit(true);
  });
  contract.expect(troubles.length === 1, "a file that did not come whole is told of");
  await expectTree(place, tree, shortcomings);
}

async function passesOver({ place, shortcomings }: Scene): Promise<void> {
  const troubles = await within(place, async (target) => {
    await target.plan([rootEntry], 0);
    const [here] = await target.place([{ entry: 9, offset: 0, ids: new Uint8Array(idBytes), sizes: [5] }]);
    contract.expect(
      here?.length === 1 && here[0] === 1,
      "a chunk of a file that is not expected is asked for",
    );
    await target.write([placementOf(9, 0, "text")]);
    await target.finish([{ entry: 9, size: 4 }]);
    await target.abandon(9, new SyncError("CHANGED", "it changed"));
    await target.commit(true);
  });
  contract.expect(troubles.length === 0, "there is trouble with a file that is not expected");
  await expectTree(place, memoryDir(), shortcomings);
}

async function breaksOff({ place, shortcomings }: Scene): Promise<void> {
  const tree = memoryDir({
    file: memoryFile("old", { mtimeSec: 1 }),
    other: memoryFile("o", { mtimeSec: 1 }),
  });
  await deliver(place, tree);
  await within(place, async (target) => {
    await target.plan(
      [rootEntry, fileEntry("file", 5), { ...rootEntry, depth: 1, name: nameOf("other") }],
      0,
    );
    await target.write([placementOf(1, 0, "ne")]);
  });
  await expectTree(place, tree, shortcomings);
}

async function discards({ place, shortcomings }: Scene): Promise<void> {
  const tree = memoryDir({ file: memoryFile("old", { mtimeSec: 1 }) });
  await deliver(place, tree);
  const part = placementOf(1, 0, "a part");
  const plan = [rootEntry, fileEntry("file", 500_000)];
  await within(place, async (target) => {
    await target.plan(plan, 0);
    await target.write([part]);
    await target.discard?.();
  });
  await within(place, async (target) => {
    await target.plan(plan, 0);
    const { id: ids, bytes } = part.chunk;
    const [here] = await target.place([{ entry: 1, offset: 0, ids, sizes: [bytes.length] }]);
    contract.expect(here?.[0] === 0, "what was discarded is there");
    await target.discard?.();
  });
  await expectTree(place, tree, shortcomings);
}

async function honoursAbort({ place }: Scene): Promise<void> {
  const controller = new AbortController();
  const reason = new SyncError("ABORTED", "changed my mind");
  const target = await place.open();
  try {
    const { signal } = controller;
    await target.open({ cutter, layout: "contents", search: false, onTrouble: () => {}, signal });
    await target.plan([rootEntry, fileEntry("file", 500_000)], 0);
    controller.abort(reason);
    // A signal that comes while nothing is waited for may be heard later, but never as trouble of
    // an entry.
    await target.write([placementOf(1, 0, "text")]).catch((thrown: unknown) => {
      contract.expect(thrown === reason, `an aborted call rejects with ${String(thrown)}`);
    });
  } finally {
    await target.close();
  }
}

const times = { mtimeSec: 9, mtimeNsec: 0 };
const rootEntry: Entry = { depth: 0, name: nameOf("."), kind: "dir", size: 0, mode: 0o755, ...times };

function fileEntry(name: string, size: number): Entry {
  return { depth: 1, name: nameOf(name), kind: "file", size, mode: 0o644, ...times };
}

function nameOf(text: string): Bytes {
  return new TextEncoder().encode(text);
}

function placementOf(entry: number, offset: number, text: string): Placement {
  const bytes = new TextEncoder().encode(text);
  return { entry, offset, chunk: verifyChunk(idOfKey(sha256Digest.keyOf(bytes)), bytes) };
}

/** One session with a target; returns what it had trouble with. */
async function within(
  place: Place,
  work: (target: TreeTarget) => Promise<void>,
  digest: ChunkDigest = sha256Digest,
): Promise<SyncError[]> {
  const troubles: SyncError[] = [];
  const target = await place.open();
  try {
    const onTrouble = (_: number, error: SyncError): void => void troubles.push(error);
    await target.open({ cutter, digest, layout: "contents", search: false, onTrouble });
    await work(target);
  } finally {
    await target.close();
  }
  return troubles;
}

/** Brings a tree to a place; the content of a few files at a time. */
async function deliver(place: Place, tree: MemoryDir, digest: ChunkDigest = sha256Digest) {
  let [asked, sentBytes] = [0, 0];
  const troubles = await within(
    place,
    async (target) => {
      let count = 0;
      const source = memorySource(tree);
      for await (const batch of source.entries({})) {
        const needs = await target.plan(
          batch.map(({ entry }) => entry),
          count,
        );
        for (const [i, { entry, file }] of batch.entries()) {
          if (needs[i] === "nothing") continue;
          asked += 1;
          const content = await source.read(file, 0, entry.size, {});
          sentBytes += await deliverFile(target, count + i, content, digest, needs[i] === "ask");
        }
        count += batch.length;
      }
      await target.commit(true);
    },
    digest,
  );
  return { asked, sentBytes, troubles };
}

async function deliverFile(
  target: TreeTarget,
  entry: number,
  content: Bytes,
  digest: ChunkDigest,
  mayBeThere: boolean,
): Promise<number> {
  let [offset, sentBytes] = [0, 0];
  for (const { bytes } of cutBytes(content, createCutter(cutter))) {
    const id = idOfKey(digest.keyOf(bytes));
    const list = { entry, offset, ids: id, sizes: [bytes.length] };
    const [here] = mayBeThere ? await target.place([list]) : [];
    if (here?.[0] !== 1) {
      const sent = bytes.slice();
      await target.write([{ entry, offset, chunk: verifyChunk(id, sent, digest) }]);
      sent.fill(0); // what is kept has to be copied
      sentBytes += bytes.length;
    }
    offset += bytes.length;
  }
  await target.finish([{ entry, size: content.length }]);
  return sentBytes;
}

async function expectTree(place: Place, expected: MemoryDir, shortcomings: Shortcomings): Promise<void> {
  const fault = findDifference("", await place.read(), expected, shortcomings);
  contract.expect(fault === undefined, `${fault} is not as it should be`);
}

/** The first path that differs; a directory's own mode and time count below the root only. */
function findDifference(
  path: string,
  found: MemoryNode,
  expected: MemoryNode,
  shortcomings: Shortcomings,
): string | undefined {
  const shown = path === "" ? "the root" : path;
  if (found.kind !== expected.kind) return shown;
  if (path !== "" && shortcomings.metadata !== false && !hasMetadata(found, expected))
    return `the metadata of ${shown}`;
  if (found.kind === "file" && expected.kind === "file")
    return equalBytes(found.bytes, expected.bytes) ? undefined : shown;
  if (found.kind === "symlink" && expected.kind === "symlink")
    return equalBytes(found.target, expected.target) ? undefined : shown;
  if (found.kind !== "dir" || expected.kind !== "dir") return shown;
  for (const name of new Set([...found.children.keys(), ...expected.children.keys()])) {
    const [one, other] = [found.children.get(name), expected.children.get(name)];
    const below = `${path}/${name}`;
    const fault = one && other ? findDifference(below, one, other, shortcomings) : below;
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function hasMetadata(found: MemoryNode, expected: MemoryNode): boolean {
  const sameTime = found.mtimeSec === expected.mtimeSec && found.mtimeNsec === expected.mtimeNsec;
  return sameTime && (found.kind === "symlink" || found.mode === expected.mode);
}
