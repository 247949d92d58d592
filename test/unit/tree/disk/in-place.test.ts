import fs from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { receiveTree } from "../../../../src/session/receive.ts";
import { sendTree } from "../../../../src/session/send.ts";
import { seededRandom } from "../../../../src/testing/random.ts";
import { duplexPair } from "../../../../src/transport/memory.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import type { TreeTargetOptions } from "../../../../src/tree/disk/target/target-options.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import { describeTree, tempDir } from "./disk-tree.ts";

function plant(wanted: Uint8Array, there: Uint8Array) {
  const { path, [Symbol.dispose]: dispose } = tempDir();
  onTestFinished(dispose);
  const [from, to] = [join(path, "from"), join(path, "to")];
  for (const dir of [from, to]) fs.mkdirSync(dir);
  fs.writeFileSync(join(from, "file"), wanted, { mode: 0o640 });
  fs.writeFileSync(join(to, "file"), there);
  fs.linkSync(join(to, "file"), join(to, "other name"));
  return { from, to };
}

async function copy(
  from: string,
  to: string,
  options: TreeTargetOptions,
  mode: "duplex" | "one-way" = "duplex",
) {
  const source = await openTreeSource(`${from}/`);
  const target = await openTreeTarget(to, options);
  const [left, right] = duplexPair();
  const [, { failed }] = await Promise.all([
    sendTree(source, left, { mode }),
    receiveTree(target, right, { duplex: mode === "duplex" }),
  ]);
  await source.close();
  return failed;
}

const noise = (random: () => number, length: number) =>
  Uint8Array.from({ length }, () => Math.floor(random() * 256));

describe.each(["duplex", "one-way"] as const)("%s", (mode) => {
  it.each([
    ["a shorter file", 10_000, 300_000],
    ["a longer file", 3_000_000, 10],
    ["an empty one", 0, 5000],
    ["one in the place of an empty one", 5000, 0],
  ])("the file stays what it is: %s", async (_, size, oldSize) => {
    const random = seededRandom(size + oldSize);
    const { from, to } = plant(noise(random, size), noise(random, oldSize));
    const { ino } = fs.statSync(join(to, "file"));
    expect(await copy(from, to, { inPlace: true }, mode)).toBe(0);
    expect(fs.statSync(join(to, "file")).ino).toBe(ino);
    fs.rmSync(join(to, "other name"));
    const files = (dir: string) => describeTree(dir).filter((line) => !line.endsWith("dir"));
    expect(files(to)).toEqual(files(from));
  });
});

it("any content comes to be any other", async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = seededRandom(seed);
  for (let round = 0; round < 12; round++) {
    const old = noise(random, Math.floor(random() * 30_000));
    const wanted = Buffer.alloc(Math.floor(random() * 30_000));
    wanted.set(old.subarray(0, wanted.length));
    for (let i = 0; i < 3 && wanted.length > 0; i++) {
      const at = Math.floor(random() * wanted.length);
      wanted.fill(random() < 0.5 ? 0 : 7, at, Math.min(wanted.length, at + Math.floor(random() * 9000)));
    }
    const { from, to } = plant(wanted, old);
    expect(await copy(from, to, { inPlace: true })).toBe(0);
    expect(fs.readFileSync(join(to, "other name")).equals(wanted), `seed ${seed}, round ${round}`).toBe(true);
  }
});

it("a file that another one is made from is still found", async () => {
  const random = seededRandom(1);
  const { from, to } = plant(noise(random, 100_000), noise(random, 200_000));
  fs.copyFileSync(join(to, "file"), join(from, "later"));
  expect(await copy(from, to, { inPlace: true })).toBe(0);
  expect(fs.readFileSync(join(to, "later")).equals(fs.readFileSync(join(from, "later")))).toBe(true);
});

it("a backup is the old content", async () => {
  const { from, to } = plant(Buffer.from("new"), Buffer.from("old one"));
  expect(await copy(from, to, { inPlace: true, backupSuffix: "~" })).toBe(0);
  expect(fs.readFileSync(join(to, "file~"), "latin1")).toBe("old one");
  expect(fs.readFileSync(join(to, "file"), "latin1")).toBe("new");
});
