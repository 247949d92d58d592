import { createHash } from "node:crypto";
import fs from "node:fs";
import { expect, test } from "vitest";
import { override } from "../../src/bytes/override.ts";
import type { SyncError } from "../../src/errors.ts";
import { receiveTree } from "../../src/session/receive.ts";
import { sendTree } from "../../src/session/send.ts";
import { faultyDuplex } from "../../src/testing/faulty-duplex.ts";
import { seededBytes } from "../../src/testing/random.ts";
import { channelOf, duplexOf } from "../../src/transport/channel.ts";
import { duplexPair } from "../../src/transport/memory.ts";
import { memorySource } from "../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../src/tree/memory/memory-target.ts";
import { memoryDir, memoryFile } from "../../src/tree/memory/memory-tree.ts";
import { openTreeSource } from "../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../src/tree/disk/target/target.node.ts";
import { runShell } from "../cli/run.ts";
import type { Bytes } from "../../src/types.ts";
import { soakLength } from "../soak-length.ts";
import { tempDir } from "../unit/tree/disk/disk-tree.ts";
import { type Dice, eachSeed } from "./each-seed.ts";
import { makeVersions, type Versions } from "./versions.ts";

/*
 * Old versions that others change while a new one is made of them: the new one is right all the
 * same, or the path is told.
 */

const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Two directories with the new and the old versions in them. */
function plant(folder: string, all: readonly Versions[]): { readonly from: string; readonly to: string } {
  const places = { from: `${folder}/from`, to: `${folder}/to` };
  for (const [place, which, time] of [
    [places.from, "after", 2],
    [places.to, "before", 1],
  ] as const) {
    fs.mkdirSync(place);
    for (const [i, versions] of all.entries()) {
      fs.writeFileSync(`${place}/f${i}`, versions[which]);
      fs.utimesSync(`${place}/f${i}`, time, time);
    }
  }
  return places;
}

/** Changes an old version as others could, where it still stands at its name. Gives its digest. */
function change(path: string, inode: bigint, dice: Dice): string | undefined {
  const now = fs.lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (now?.ino !== inode) return undefined;
  const size = Number(now.size);
  const kind = dice(5);
  if (kind === 0) fs.truncateSync(path, dice(size + 1));
  else if (kind === 1) fs.appendFileSync(path, Buffer.alloc(1 + dice(100_000), dice(256)));
  else if (kind === 2) {
    fs.writeFileSync(`${path}.other`, makeVersions(dice).after);
    fs.renameSync(`${path}.other`, path);
  } else {
    const fd = fs.openSync(path, "r+");
    const at = dice(size + 1);
    fs.writeSync(fd, Buffer.alloc(1 + dice(Math.min(50_000, size - at + 1)), dice(256)), 0, undefined, at);
    if (kind === 3) fs.futimesSync(fd, 1, 1); // as if nothing had happened
    fs.closeSync(fd);
  }
  return digestOf(fs.readFileSync(path));
}

/** Passes blocks on, and does something before each. */
async function* passing(blocks: AsyncIterable<Bytes>, act: () => void): AsyncGenerator<Bytes> {
  for await (const block of blocks) {
    act();
    yield block;
  }
}

/** What is at each path is its new version; or, if the path was told, what others made. */
function expectTruth(seed: number, to: string, all: readonly Versions[], told: Told): void {
  for (const [i, { before, after }] of all.entries()) {
    const found = digestOf(fs.readFileSync(`${to}/f${i}`));
    if (found === digestOf(after)) continue;
    const others = [digestOf(before), ...told.madeBy.get(i)!];
    expect([seed, i, told.paths.has(`f${i}`), others.includes(found)]).toEqual([seed, i, true, true]);
  }
  const names = all.map((_, i) => `f${i}`).sort();
  expect([seed, fs.readdirSync(to).sort()]).toEqual([seed, names]);
}

interface Told {
  readonly paths: ReadonlySet<string>;
  /** The digests of what others made of each old version. */
  readonly madeBy: ReadonlyMap<number, readonly string[]>;
}

test("new versions are right, or told, while others change the old ones", async () => {
  await eachSeed(soakLength("pairs of trees whose old versions change", 8, 0.5), async (seed, dice) => {
    using temp = tempDir();
    // One that is the same is not looked at again once it was compared.
    const all = Array.from({ length: 1 + dice(4) }, () => makeVersions(dice)).filter(
      ({ before, after }) => Buffer.compare(before, after) !== 0,
    );
    const { from, to } = plant(temp.path, all);
    const inodes = all.map((_, i) => fs.lstatSync(`${to}/f${i}`, { bigint: true }).ino);
    const madeBy = new Map(all.map((_, i) => [i, [] as string[]]));
    const paths = new Set<string>();
    const onTrouble = ({ detail }: SyncError): void => void paths.add(detail.path ?? "");
    const changeOne = (): void => {
      const i = dice(3 * all.length);
      const digest = i < all.length ? change(`${to}/f${i}`, inodes[i]!, dice) : undefined;
      if (digest !== undefined) madeBy.get(i)!.push(digest);
    };
    const [left, right] = duplexPair({ bufferBytes: 1 + dice(200_000) });
    const cuts = { seed: dice(2 ** 30), maxBlockBytes: [500, 5000, 50_000][dice(3)]! };
    const channel = channelOf(faultyDuplex(right, cuts));
    const read: typeof channel.read = (options) => passing(channel.read(options), changeOne);
    const watched = duplexOf(override(channel, { read }));
    const source = await openTreeSource(`${from}/`);
    const target = await openTreeTarget(to);
    await Promise.all([
      sendTree(source, faultyDuplex(left, cuts), { helloMs: 0, stallMs: 0 }),
      receiveTree(target, watched, { helloMs: 0, stallMs: 0, onTrouble }),
    ]);
    await source.close();
    expectTruth(seed, to, all, { paths, madeBy });
  });
});

test("new versions are right where a target does not notice that old ones change", async () => {
  await eachSeed(soakLength("files whose old versions change unseen", 4, 0.1), async (seed, dice) => {
    const after = seededBytes(seed, 2_500_000) as Bytes;
    const before = after.slice().fill(0, 1000, 1000 + dice(100_000));
    const root = memoryDir({ file: memoryFile(before) });
    const target = memoryTarget(root);
    const old = target.old!;
    const readOther: typeof old.read = async (entry, offset, into) => {
      const count = await old.read(entry, offset, into);
      if (dice(3) === 0) into[dice(count)]! ^= 1;
      return count;
    };
    const changing = override(target, { old: override(old, { read: readOther }) });
    const told: SyncError[] = [];
    const onTrouble = (error: SyncError): void => void told.push(error);
    const [left, right] = duplexPair();
    const source = memorySource(memoryDir({ file: memoryFile(after, { mtimeSec: 5 }) }));
    await Promise.all([sendTree(source, left), receiveTree(changing, right, { onTrouble })]);
    const node = root.children.get("file");
    const isRight = node?.kind === "file" && digestOf(node.bytes) === digestOf(after);
    expect([seed, isRight, told]).toEqual([seed, true, []]);
  });
});

/** Both ends as processes, with a remote shell that is none. */
const push = `$RS push -q -e "sh -c 'shift; exec sh -c \\"\\$*\\"' sh" --remote-path "$RS" "$1/" "there:$2"`;

test("new versions arrive as they are between two processes", async () => {
  await eachSeed(soakLength("pairs of trees between processes", 1, 0.05), async (seed, dice) => {
    using temp = tempDir();
    const all = Array.from({ length: 8 }, () => makeVersions(dice));
    const { from, to } = plant(temp.path, all);
    expect([seed, await runShell(push, from, to)]).toMatchObject([seed, { code: 0, stderr: "" }]);
    expectTruth(seed, to, all, { paths: new Set(), madeBy: new Map(all.map((_, i) => [i, []])) });
  });
});
