import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { expect, it, test, vi } from "vitest";
import type { SyncError } from "../../../../src/errors.ts";
import { transfer } from "../../../../src/transfer/transfer.node.ts";
import type { TransferOptions } from "../../../../src/transfer/transfer-options.node.ts";
import { BlockSharing } from "../../../../src/tree/disk/target/block-sharing.node.ts";
import { writeDiffering } from "../../../../src/tree/disk/calls/write-differing.node.ts";
import { DirNode } from "../../../../src/tree/disk/calls/dir-node.node.ts";
import { HeldDirs } from "../../../../src/tree/disk/calls/held-dirs.node.ts";
import { Places } from "../../../../src/tree/disk/target/places.node.ts";
import { listCalls } from "../../../faults/dying.ts";
import { watchCalls } from "../../../faults/watched-calls.ts";
import { onDisk, sharedBytes, sharingSystems } from "../../../loop-disk.ts";
import { missing, noMounting, notLinux, skipFor, unless } from "../../../obstacles.ts";
import { noise, tempDir } from "./disk-tree.ts";

const size = 1_000_000;
const block = 4096;

/** Content with other bytes from one offset to another. */
function edited(content: Buffer, from: number, to: number, by = 7): Buffer {
  return Buffer.from(content).fill(by, from, to);
}

/** What is at a destination, what is to be there, and at most how much of that is not shared. */
const versions = {
  grown: [noise(size, 1), Buffer.concat([noise(size, 1), noise(1000, 2)]), 2 * block],
  edited: [noise(size, 3), edited(noise(size, 3), 500_000, 500_010), 2 * block],
  shorter: [noise(size, 4), noise(size, 4).subarray(0, 700_001), 2 * block],
  "with zeros": [
    noise(4 * size, 5),
    edited(noise(4 * size, 5), 500_000, 3_700_000, 0),
    3_200_000 + 2 * block,
  ],
  "with an end of zeros": [noise(size, 6), Buffer.concat([noise(size, 6), Buffer.alloc(size)]), size + block],
  "other, and longer": [noise(70_000, 7), noise(size, 8), size + block],
} as const;

/** Makes a tree whose files have that time, and keeps what lies in its blocks. */
function plant(root: string, files: Readonly<Record<string, Buffer>>, time: number): void {
  fs.mkdirSync(root);
  for (const [name, content] of Object.entries(files)) {
    fs.writeFileSync(`${root}/${name}`, content);
    fs.utimesSync(`${root}/${name}`, time, time);
  }
}

const [older, newer] = [1_500_000_000, 1_600_000_000];

async function update(from: string, to: string, options: TransferOptions = {}) {
  const troubles: unknown[] = [];
  const summary = await transfer(`${from}/`, to, { ...options, onTrouble: (error) => troubles.push(error) });
  expect(troubles).toEqual([]);
  return summary;
}

const column = (index: 0 | 1): Record<string, Buffer> =>
  Object.fromEntries(Object.entries(versions).map(([name, row]) => [name, row[index]]));

for (const system of sharingSystems) {
  const { test: testOn } = unless(noMounting() ?? missing(system[0], "filefrag"));
  const named = (what: string): string => `${what} (${system[0]})`;

  testOn(named("new versions share what they have of old ones"), (context) =>
    onDisk(context, system, async (disk) => {
      const [from, to, kept] = [`${disk}/from`, `${disk}/to`, `${disk}/kept`];
      plant(from, { ...column(1), "moved-now": noise(size, 9) }, newer);
      plant(to, { ...column(0), "moved-before": noise(size, 9) }, older);
      fs.utimesSync(`${to}/moved-before`, newer, newer);
      execFileSync("cp", ["-a", "--reflink=always", to, kept]);
      await update(from, to);
      for (const [name, [, wanted, unsharedBytes]] of Object.entries(versions)) {
        expect([name, fs.readFileSync(`${to}/${name}`).equals(wanted)]).toEqual([name, true]);
        expect(wanted.length - sharedBytes(`${to}/${name}`), name).toBeLessThanOrEqual(unsharedBytes);
      }
      expect(fs.readFileSync(`${to}/moved-now`).equals(noise(size, 9))).toBe(true);
      expect(sharedBytes(`${to}/moved-now`)).toBeGreaterThanOrEqual(size);
      // Most of what became zeros is a hole.
      expect(fs.statSync(`${to}/with zeros`).blocks * 512).toBeLessThan(3_000_000);
    }),
  );

  testOn(named("a snapshot shares what it has of the last one, also under other names"), (context) =>
    onDisk(context, system, async (disk) => {
      const [from, to] = [`${disk}/from`, `${disk}/to`];
      const small = noise(10_000, 4);
      plant(from, { log: noise(size, 1), before: noise(size, 2), "at once": noise(size, 3), small }, older);
      fs.mkdirSync(`${from}/dir`);
      await update(from, to, { snapshot: true });
      fs.appendFileSync(`${from}/log`, "a line");
      fs.renameSync(`${from}/before`, `${from}/dir/now`);
      for (const name of ["at once", "small"]) fs.chmodSync(`${from}/${name}`, 0o600);
      const { wireReceivedBytes } = await update(from, to, { snapshot: true });
      expect(wireReceivedBytes).toBeLessThan(60_000);
      const latest = `${to}/latest`;
      for (const name of ["log", "dir/now", "at once"]) {
        expect(fs.readFileSync(`${latest}/${name}`).equals(fs.readFileSync(`${from}/${name}`))).toBe(true);
        expect(sharedBytes(`${latest}/${name}`), name).toBeGreaterThan(size - 2 * block);
        expect(fs.statSync(`${latest}/${name}`).nlink).toBe(1);
      }
      expect(sharedBytes(`${latest}/small`)).toBeGreaterThan(small.length - block);
    }),
  );

  testOn(named("what a file is made from may change meanwhile"), (context) =>
    onDisk(context, system, async (disk) => {
      const [from, old, to] = [`${disk}/from`, `${disk}/old`, `${disk}/to`];
      plant(from, { grown: versions.grown[1] }, newer);
      plant(old, { grown: versions.grown[0] }, older);
      let count = 0;
      {
        // Again and again, once it is shared.
        using _watch = watchCalls(disk, ({ name, path }) => {
          const isOfNew = ["read", "write"].includes(name) && path.startsWith("to/.rsync-stream/");
          if (isOfNew) fs.writeFileSync(`${old}/grown`, noise(size - 5000 * ++count, 10 + count));
          return undefined;
        });
        await update(from, to, { copyDest: ["../old"] });
      }
      expect(count).toBeGreaterThan(0);
      expect(fs.readFileSync(`${to}/grown`).equals(versions.grown[1])).toBe(true);
    }),
  );

  testOn(named("what is shorter when it is shared is not taken for what it was"), (context) =>
    onDisk(context, system, async (disk) => {
      const [from, old, to] = [`${disk}/from`, `${disk}/old`, `${disk}/to`];
      for (const top of [from, old]) plant(top, { file: noise(size, 1) }, newer);
      fs.chmodSync(`${from}/file`, 0o600);
      const codes: string[] = [];
      {
        using _watch = watchCalls(disk, ({ name }) => {
          if (name === "ioctl") fs.truncateSync(`${old}/file`, 300_000);
          return undefined;
        });
        const onTrouble = ({ code }: SyncError): void => void codes.push(code);
        await transfer(`${from}/`, to, { copyDest: ["../old"], onTrouble });
      }
      expect(codes).toEqual(["CHANGED"]);
      expect(fs.existsSync(`${to}/file`)).toBe(false);
    }),
  );

  testOn(named("nothing is shared where room was taken before"), (context) =>
    onDisk(context, system, async (disk) => {
      const [from, to] = [`${disk}/from`, `${disk}/to`];
      plant(from, { shorter: versions.shorter[1] }, newer);
      plant(to, { shorter: versions.shorter[0] }, older);
      fs.linkSync(`${to}/shorter`, `${to}/kept`);
      await update(from, to, { preallocates: true });
      expect(fs.readFileSync(`${to}/shorter`).equals(versions.shorter[1])).toBe(true);
      expect(sharedBytes(`${to}/shorter`)).toBe(0);
    }),
  );
}

const [btrfs] = sharingSystems;
unless(noMounting() ?? missing(btrfs![0], "filefrag", "chattr")).test(
  "a file that shares no blocks, as it is never copied when written, keeps no others from it",
  (context) =>
    onDisk(context, btrfs!, async (disk) => {
      const [from, to] = [`${disk}/from`, `${disk}/to`];
      plant(from, { first: versions.grown[1], second: versions.edited[1] }, newer);
      plant(to, { first: Buffer.alloc(0), second: versions.edited[0] }, older);
      execFileSync("chattr", ["+C", `${to}/first`]);
      fs.writeFileSync(`${to}/first`, versions.grown[0]);
      execFileSync("cp", ["--reflink=always", `${to}/second`, `${disk}/kept`]);
      await update(from, to);
      expect(fs.readFileSync(`${to}/first`).equals(versions.grown[1])).toBe(true);
      expect(fs.readFileSync(`${to}/second`).equals(versions.edited[1])).toBe(true);
      expect(sharedBytes(`${to}/second`)).toBeGreaterThanOrEqual(size - 2 * block);
    }),
);

unless(notLinux ?? missing("filefrag")).test(
  "a file system that shares no blocks is asked once",
  async (context) => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    plant(from, column(1), newer);
    plant(to, column(0), older);
    const calls = await listCalls(temp.path, () => update(from, to));
    const asked = calls.filter(({ name, changes }) => name === "ioctl" && changes).length;
    skipFor(context, sharedBytes(`${to}/grown`) > 0 ? "files share blocks here" : undefined);
    expect(asked).toBeLessThanOrEqual(1);
    for (const [name, [, wanted]] of Object.entries(versions))
      expect([name, fs.readFileSync(`${to}/${name}`).equals(wanted)]).toEqual([name, true]);
  },
);

it("asks no two file systems again of which no files can share blocks", () => {
  using temp = tempDir();
  fs.writeFileSync(`${temp.path}/file`, "content");
  const held = new HeldDirs(temp.path);
  const places = new Places(held);
  const place = places.add(held.root, "file", 7);
  const other = new DirNode(held.root, "other", { volume: { device: -1, mount: -1 } as never });
  const answers = [undefined, false, true, undefined];
  const sharing = new BlockSharing(places, () => answers.shift());
  const fd = fs.openSync(`${temp.path}/new`, "w");
  const share = (dir: DirNode): boolean => sharing.share({ place, offset: 0 }, { fd, dir, offset: 0 });
  const asked = [held.root, held.root, other, other, other, other];
  expect(asked.map(share)).toEqual([false, false, false, true, false, false]);
  expect(answers).toEqual([]);
  fs.closeSync(fd);
  places.close();
  held.close();
});

it("leaves nothing of what a full disk let it share in part", () => {
  using temp = tempDir();
  fs.writeFileSync(`${temp.path}/file`, "content");
  fs.writeFileSync(`${temp.path}/new`, "four");
  const held = new HeldDirs(temp.path);
  const places = new Places(held);
  const place = places.add(held.root, "file", 7);
  const fd = fs.openSync(`${temp.path}/new`, "r+");
  const sharing = new BlockSharing(places, (_from, fromOffset, to, toOffset) => {
    fs.writeSync(to, "content".slice(fromOffset, 6), toOffset);
    return false;
  });
  expect(sharing.share({ place, offset: 4 }, { fd, dir: held.root, offset: 4 })).toBe(false);
  fs.closeSync(fd);
  expect(fs.readFileSync(`${temp.path}/new`, "utf8")).toBe("four");
  places.close();
  held.close();
});

test("blocks are written that differ, and no others", () => {
  using temp = tempDir();
  const path = `${temp.path}/file`;
  const there = noise(3_000_000, 1);
  fs.writeFileSync(path, there);
  const fd = fs.openSync(path, "r+");
  const wanted = Buffer.concat([there.subarray(1000, 2_999_000), noise(5000, 2)]);
  for (const at of [0, 5000, 5001, 2_000_000, 2_500_000]) wanted[at]! ^= 1;
  const write = vi.spyOn(fs, "writeSync");
  writeDiffering(fd, wanted, 1000);
  const written = write.mock.calls.map((args) => (args as unknown as number[]).slice(3));
  write.mockRestore();
  fs.closeSync(fd);
  expect(fs.readFileSync(path).equals(Buffer.concat([there.subarray(0, 1000), wanted]))).toBe(true);
  // How many, and where.
  expect(written).toEqual([
    [7192, 1000],
    [4096, 1_998_848],
    [4096, 2_498_560],
    [5728, 2_998_272],
  ]);
});
