import fs from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import type { SyncError } from "../../../../src/errors.ts";
import { receiveTree } from "../../../../src/session/receive.ts";
import { sendTree } from "../../../../src/session/send.ts";
import { seededRandom } from "../../../../src/testing/random.ts";
import { duplexPair } from "../../../../src/transport/memory.ts";
import { openSnapshot, type SnapshotOptions } from "../../../../src/tree/disk/target/snapshots.node.ts";
import { openTreeSource, type TreeSourceOptions } from "../../../../src/tree/disk/source/source.node.ts";
import type { TreeChange } from "../../../../src/tree/entry/entry.ts";
import { parseRetention } from "../../../../src/tree/plan/retention.ts";
import { describeTree, tempDir } from "./disk-tree.ts";

const snapshotName = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ/;

function plantTwo() {
  const { path, [Symbol.dispose]: dispose } = tempDir();
  onTestFinished(dispose);
  const [from, to] = [join(path, "from"), join(path, "to")];
  fs.mkdirSync(join(from, "dir"), { recursive: true });
  fs.writeFileSync(join(from, "a"), "alpha");
  fs.writeFileSync(join(from, "dir", "b"), "beta");
  fs.symlinkSync("a", join(from, "link"));
  return { from, to };
}

/** @param breaksAt files after which the sender is gone */
async function snapshot(
  from: string,
  to: string,
  options: SnapshotOptions = {},
  breaksAt = Infinity,
  sourceOptions: TreeSourceOptions = {},
  onTrouble: (error: SyncError) => void = () => {},
) {
  const source = await openTreeSource(`${from}/`, sourceOptions);
  const changes: TreeChange[] = [];
  const target = await openSnapshot(to, { ...options, onChange: (change) => void changes.push(change) });
  const [left, right] = duplexPair();
  const controller = new AbortController();
  const results = await Promise.allSettled([
    sendTree(source, left, {
      signal: controller.signal,
      onProgress: ({ files }) => files >= breaksAt && controller.abort(new Error("cut")),
    }),
    receiveTree(target, right, { onTrouble }),
  ]);
  await source.close();
  const failed = results.find((result) => result.status === "rejected");
  return { changes, isBroken: failed !== undefined };
}

const namesIn = (to: string) => fs.readdirSync(to).filter((name) => snapshotName.test(name));
const inode = (...path: readonly string[]) => fs.lstatSync(join(...path)).ino;

it("shares what is the same with the last one, and nothing else", async () => {
  const { from, to } = plantTwo();
  await snapshot(from, to);
  fs.writeFileSync(join(from, "a"), "gamma");
  await snapshot(from, to);
  const [first, second] = namesIn(to).map((name) => join(to, name)) as [string, string];
  expect(describeTree(second)).toEqual(describeTree(from));
  expect(fs.readFileSync(join(first, "a"), "latin1")).toBe("alpha");
  expect(inode(first, "dir", "b")).toBe(inode(second, "dir", "b"));
  expect(inode(first, "a")).not.toBe(inode(second, "a"));
  expect(fs.readlinkSync(join(to, "latest"))).toBe(namesIn(to).at(-1));
  expect(fs.readdirSync(to)).toHaveLength(3);
});

it("is one with a name only when it is complete, and the next run goes on with it", async () => {
  const { from, to } = plantTwo();
  for (let i = 0; i < 40; i++) fs.writeFileSync(join(from, `f${i}`), `content ${i}`.repeat(3000 + i));
  const { isBroken } = await snapshot(from, to, {}, 2);
  expect(isBroken).toBe(true);
  expect(fs.readdirSync(to)).toEqual([".incomplete"]);
  fs.rmSync(join(from, "f0"));
  await snapshot(from, to);
  const [name] = namesIn(to);
  expect(describeTree(join(to, name!))).toEqual(describeTree(from));
  expect(fs.readdirSync(to).sort()).toEqual([name, "latest"]);
});

it("tells in a dry run what differs from the last one, and changes nothing", async () => {
  const { from, to } = plantTwo();
  await snapshot(from, to);
  fs.writeFileSync(join(from, "new"), "");
  fs.rmSync(join(from, "link"));
  fs.utimesSync(from, 1000, 1000);
  const before = fs.readdirSync(to);
  const { changes } = await snapshot(from, to, { dryRun: true });
  const told = changes.map(({ change, path }) => `${change} ${path.split("/").at(-1)}`);
  expect(told.sort()).toEqual(["deleted link", "new new", "touched ."]);
  expect(fs.readdirSync(to)).toEqual(before);
});

it("keeps as many as it is told, and what is no snapshot", async () => {
  const { from, to } = plantTwo();
  fs.mkdirSync(join(to, "2020-01-01T00-00-00Z", "locked"), { recursive: true });
  fs.mkdirSync(join(to, "mine", "2020-01-01T00-00-00Z"), { recursive: true });
  fs.mkdirSync(join(to, "2020-02-30T00-00-00Z")); // no day
  fs.chmodSync(join(to, "2020-01-01T00-00-00Z", "locked"), 0o500);
  for (let i = 0; i < 3; i++) await snapshot(from, to, { retention: { last: 2 } });
  expect(namesIn(to)).toHaveLength(3);
  expect(namesIn(to).filter((name) => name.startsWith("2020"))).toEqual(["2020-02-30T00-00-00Z"]);
  expect(fs.readdirSync(join(to, "mine"))).toHaveLength(1);
});

it("refuses what is no directory, and makes none around it", async () => {
  const { from } = plantTwo();
  await expect(openSnapshot(join(from, "a"))).rejects.toMatchObject({ code: "USAGE" });
  await expect(openSnapshot(join(from, "absent", "to"))).rejects.toMatchObject({ code: "NOT_FOUND" });
});

/** Changes a few things of a tree in ways that leave most of it. */
function change(random: () => number, root: string): void {
  for (const name of ["a", "b", "c", "d"]) {
    const path = join(root, name);
    const way = Math.floor(random() * 7);
    if (way < 3) continue;
    const is = fs.lstatSync(path, { throwIfNoEntry: false });
    if (way === 3) fs.rmSync(path, { force: true });
    else if (way === 4 && is?.isFile()) fs.chmodSync(path, random() < 0.5 ? 0o600 : 0o644);
    else if (way === 5 && is) fs.lutimesSync(path, 1000, 1000 + Math.floor(random() * 3));
    else if (!is && random() < 0.3) fs.symlinkSync("a", path);
    else if (!is?.isSymbolicLink()) fs.writeFileSync(path, "x".repeat(Math.floor(random() * 3) * 5000));
  }
}

it("never changes one that is complete, however often others are broken off", async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = seededRandom(seed);
  const { from, to } = plantTwo();
  const taken = new Map<string, string[]>();
  for (let round = 0; round < 25; round++) {
    change(random, from);
    const wanted = describeTree(from);
    const { isBroken } = await snapshot(from, to, {}, random() < 0.5 ? 1 : Infinity);
    const made = namesIn(to).filter((name) => !taken.has(name));
    if (!isBroken) expect(made, `seed ${seed}, round ${round}`).toHaveLength(1);
    for (const name of made) taken.set(name, wanted);
    for (const [name, tree] of taken)
      expect(describeTree(join(to, name)), `seed ${seed}, round ${round}, ${name}`).toEqual(tree);
  }
});

it("takes the last of a second for the latest", async () => {
  const { from, to } = plantTwo();
  vi.useFakeTimers({ now: 1_795_000_000_000, toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  for (const content of ["1", "2", "3", "4"]) {
    fs.writeFileSync(join(from, "a"), content);
    await snapshot(from, to, { retention: parseRetention("2") });
    expect(fs.readFileSync(join(to, "latest/a"), "latin1")).toBe(content);
  }
  const contents = namesIn(to).map((name) => fs.readFileSync(join(to, name, "a"), "latin1"));
  expect(contents.sort()).toEqual(["3", "4"]);
});

it("removes none when nothing is at the source", async () => {
  const { from, to } = plantTwo();
  const retention = parseRetention("1");
  await snapshot(from, to, { retention });
  const empty = join(from, "..", "empty");
  fs.mkdirSync(empty);
  await snapshot(empty, to, { retention });
  expect(namesIn(to)).toHaveLength(2);
});

it("removes none when the sender could not read all it has", async () => {
  const { from, to } = plantTwo();
  const retention = parseRetention("1");
  await snapshot(from, to, { retention });
  await snapshot(from, to, { retention }, Infinity, { paths: ["a", "missing"] });
  expect(namesIn(to)).toHaveLength(2);
  await snapshot(from, to, { retention });
  expect(namesIn(to)).toHaveLength(1);
});

it("leaves alone what is called as the link to the last one and is none", async () => {
  const { from, to } = plantTwo();
  fs.mkdirSync(to);
  fs.writeFileSync(join(to, "latest"), "mine");
  const told: (string | undefined)[] = [];
  await snapshot(from, to, {}, Infinity, {}, (error) => void told.push(error.detail.path));
  expect(namesIn(to)).toHaveLength(1);
  expect(fs.readFileSync(join(to, "latest"), "latin1")).toBe("mine");
  expect(told).toEqual(["latest"]);
});
