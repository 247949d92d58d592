import fs from "node:fs";
import { expect, test } from "vitest";
import { receiveTree } from "../../../../src/session/receive.ts";
import { sendTree } from "../../../../src/session/send.ts";
import { duplexPair } from "../../../../src/transport/memory.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import { describeTree, noise, tempDir } from "./disk-tree.ts";
import { syncTrees, type SyncTreesResult } from "./sync-trees.ts";

async function sync(from: string, to: string): Promise<SyncTreesResult> {
  return syncTrees(await openTreeSource(from), await openTreeTarget(to));
}

const zeros = (length: number): Buffer => Buffer.alloc(length);

test.each(["duplex", "one-way"] as const)(
  "many equal files of zeros arrive in one %s session",
  async (mode) => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(from);
    for (const size of [4096, 8192, 12_288, 65_536, 200_000]) {
      for (let i = 0; i < 150; i++) fs.writeFileSync(`${from}/${size}-${i}`, zeros(size));
    }
    const [left, right] = duplexPair();
    const troubles: unknown[] = [];
    await Promise.all([
      sendTree(await openTreeSource(`${from}/`), left, { mode, layout: "contents" }),
      receiveTree(await openTreeTarget(to), right, {
        duplex: mode === "duplex",
        onTrouble: (error) => void troubles.push(error),
      }),
    ]);
    expect(troubles).toEqual([]);
    expect(describeTree(to)).toEqual(describeTree(from));
  },
);

test.each([
  ["zeros of zeros", zeros(2 << 20), zeros(3 << 20)],
  ["zeros of zeros and more", zeros(1 << 20), Buffer.concat([zeros(1 << 20), noise(9000, 1)])],
  [
    "noise that ends in zeros",
    Buffer.concat([noise(1 << 20, 2), zeros(2 << 20)]),
    Buffer.concat([noise(1 << 20, 2), zeros(4 << 20)]),
  ],
])("a file that is the beginning of its old version is right: %s", async (_, now, before) => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  fs.writeFileSync(from, now);
  fs.writeFileSync(to, before);
  expect((await sync(from, to)).troubles).toEqual([]);
  expect(fs.readFileSync(to).equals(now)).toBe(true);
});
