import { execFileSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import { expect, test } from "vitest";
import { receiveTree, type ReceiveSummary } from "../../../../src/session/receive.ts";
import { sendTree, type SendSummary } from "../../../../src/session/send.ts";
import { duplexPair } from "../../../../src/transport/memory.ts";
import { openTreePreview } from "../../../../src/tree/disk/target/preview.node.ts";
import { openTreeSource, type TreeSourceOptions } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import { createTreeFilter } from "../../../../src/tree/filter/tree-filter.ts";
import type { TreeTarget } from "../../../../src/tree/target.ts";
import { override } from "../../../../src/bytes/override.ts";
import { asLarge } from "../../../as-large.ts";
import { describeTree, tempDir } from "./disk-tree.ts";

interface Outcome {
  readonly sent: SendSummary;
  readonly received: ReceiveSummary;
  readonly troubles: string[];
}

async function sync(from: string, target: TreeTarget, options?: TreeSourceOptions): Promise<Outcome> {
  const [near, far] = duplexPair();
  const source = await openTreeSource(from, options);
  const troubles: string[] = [];
  const onTrouble = (error: Error): void => void troubles.push(error.message);
  try {
    const [sent, received] = await Promise.all([
      sendTree(asLarge(source), near, { helloMs: 0, stallMs: 0, onTrouble }),
      receiveTree(target, far, { helloMs: 0, stallMs: 0 }),
    ]);
    return { sent, received, troubles };
  } finally {
    await source.close();
  }
}

/** A tree of 10 directories with 11 entries each, and a copy of it. */
function makeTrees(root: string): { readonly source: string; readonly copy: string } {
  const source = `${root}/source`;
  for (let i = 0; i < 10; i++) {
    fs.mkdirSync(`${source}/d${i}/deep`, { recursive: true });
    for (let j = 0; j < 8; j++) fs.writeFileSync(`${source}/d${i}/f${j}`, `${i} ${j}`);
    fs.writeFileSync(Buffer.from(`${source}/d${i}/deep/\xff`, "latin1"), "x");
    fs.symlinkSync("../f1", `${source}/d${i}/deep/link`);
  }
  execFileSync("cp", ["-a", source, `${root}/copy`]);
  return { source, copy: `${root}/copy` };
}

const below = 11;

test("only what differs is listed, and all is as the sender has it", async () => {
  using temp = tempDir();
  const { source, copy } = makeTrees(temp.path);
  const same = await sync(`${source}/`, await openTreeTarget(copy));
  expect(same.sent).toMatchObject({ entries: 1, sameEntries: 10 + 10 * below });

  fs.writeFileSync(`${source}/d3/f2`, "changed");
  fs.chmodSync(`${source}/d4/deep`, 0o700);
  fs.rmSync(`${copy}/d5/f1`);
  fs.writeFileSync(`${copy}/d6/deep/more`, "extra");
  fs.utimesSync(`${copy}/d7`, 1, 1);
  const { sent, received } = await sync(`${source}/`, await openTreeTarget(copy, { maxDeletedCount: 10 }));
  // Of d3 to d6 all is listed but the deep ones that are the same; of d7 only itself.
  expect(sent).toMatchObject({ entries: 1 + 10 + 4 * 9 + 2, sameEntries: 6 * below + 2 + 2 + 2 });
  expect(received.deleted).toBe(1);
  expect(describeTree(copy)).toEqual(describeTree(source));
});

test("a directory under its own name is compared with the one of that name", async () => {
  using temp = tempDir();
  const { source, copy } = makeTrees(temp.path);
  fs.mkdirSync(`${temp.path}/into`);
  fs.renameSync(copy, `${temp.path}/into/source`);
  fs.writeFileSync(`${temp.path}/into/beside`, "stays");
  const { sent } = await sync(source, await openTreeTarget(`${temp.path}/into`));
  expect(sent).toMatchObject({ entries: 1, sameEntries: 10 + 10 * below });
});

test("a preview foretells the same", async () => {
  using temp = tempDir();
  const { source, copy } = makeTrees(temp.path);
  fs.writeFileSync(`${source}/d3/f2`, "changed");
  fs.writeFileSync(`${copy}/d6/deep/more`, "extra");
  const told: string[] = [];
  const preview = openTreePreview(copy, {
    maxDeletedCount: 10,
    onChange: ({ change, path }) => void told.push(`${change} ${path}`),
  });
  await sync(`${source}/`, preview);
  expect(told.sort()).toEqual(["changed d3/f2", "deleted d6/deep/more", "touched d6/deep"]);
});

test("where content alone counts, no directory is taken for the same", async () => {
  using temp = tempDir();
  const { copy } = makeTrees(temp.path);
  for (const open of [openTreePreview, openTreeTarget]) {
    for (const equality of ["time", "content"] as const) {
      const target = await open(copy, { rule: { equality } });
      expect(target.subtrees !== undefined).toBe(equality === "time");
      await target.close();
    }
  }
});

test("what is not kept, or left out, is told as it is without a comparison", async () => {
  using temp = tempDir();
  const { source, copy } = makeTrees(temp.path);
  const server = net.createServer().listen(`${source}/d2/deep/socket`);
  await once(server, "listening");
  for (let run = 0; run < 2; run++) {
    const { sent, troubles } = await sync(`${source}/`, await openTreeTarget(copy));
    expect(sent).toMatchObject({ skipped: 1, failed: 0, troubles: 0 });
    expect(troubles).toEqual(["skipping non-regular file"]);
  }
  server.close();
  // Of what is left out the receiver has a copy, so its directories are others.
  const filter = createTreeFilter(["- d8/f1"]);
  const { sent } = await sync(`${source}/`, await openTreeTarget(copy), { filter });
  expect(sent.sameEntries).toBeGreaterThan(8 * below);
  expect(sent.sameEntries).toBeLessThan(9 * below + 9);
  expect(fs.existsSync(`${copy}/d8/f1`)).toBe(true);
});

/** A target that something happens to between the comparison of directories and the first entry. */
function disturbed(target: TreeTarget, disturb: () => void): TreeTarget {
  const { subtrees } = target;
  return override(target, {
    subtrees: async (...given) => {
      const read = await subtrees!(...given);
      disturb();
      return read;
    },
  });
}

test("who edits a file after directories were compared keeps the edit", async () => {
  using temp = tempDir();
  const { source, copy } = makeTrees(temp.path);
  fs.writeFileSync(`${source}/d3/f2`, "changed");
  fs.writeFileSync(`${source}/d3/f4`, "changed, too");
  const target = disturbed(await openTreeTarget(copy), () => fs.writeFileSync(`${copy}/d3/f2`, "edited"));
  const { received } = await sync(`${source}/`, target);
  expect(received).toMatchObject({ failed: 1 });
  expect(fs.readFileSync(`${copy}/d3/f2`, "utf8")).toBe("edited");
  expect(fs.readFileSync(`${copy}/d3/f4`, "utf8")).toBe("changed, too");
});

test("what appears or goes after directories were compared is met as it is", async () => {
  using temp = tempDir();
  const { source, copy } = makeTrees(temp.path);
  fs.rmSync(`${copy}/d3/f2`);
  fs.rmSync(`${copy}/d4`, { recursive: true });
  const target = disturbed(await openTreeTarget(copy), () => {
    fs.mkdirSync(`${copy}/d3/f2`);
    fs.mkdirSync(`${copy}/d4`);
    fs.writeFileSync(`${copy}/d4/f1`, "appeared");
  });
  const { received } = await sync(`${source}/`, target);
  expect(received).toMatchObject({ failed: 0 });
  expect(describeTree(copy)).toEqual(describeTree(source));
});

test("who edits a file that is in another directory, too, keeps the edit", async () => {
  using temp = tempDir();
  const { source, copy } = makeTrees(temp.path);
  const other = `${temp.path}/other`;
  execFileSync("cp", ["-a", source, other]);
  for (const name of ["f2", "f4"]) fs.writeFileSync(`${copy}/d3/${name}`, "old");
  const target = disturbed(await openTreeTarget(copy, { copyDest: [other] }), () =>
    fs.writeFileSync(`${copy}/d3/f2`, "edited"),
  );
  const { received } = await sync(`${source}/`, target);
  expect(received.failed).toBe(1);
  expect(fs.readFileSync(`${copy}/d3/f2`, "utf8")).toBe("edited");
  expect(fs.readFileSync(`${copy}/d3/f4`, "utf8")).toBe("3 4");
});

test("what another directory has as well becomes a link to that, or goes, as in a small tree", async () => {
  using temp = tempDir();
  const { source, copy } = makeTrees(temp.path);
  const other = `${temp.path}/other`;
  execFileSync("cp", ["-a", source, other]);
  await sync(`${source}/`, await openTreeTarget(copy, { linkDest: [other] }));
  expect(fs.statSync(`${copy}/d3/f2`).ino).toBe(fs.statSync(`${other}/d3/f2`).ino);
  await sync(`${source}/`, await openTreeTarget(copy, { compareDest: [other] }));
  expect(fs.existsSync(`${copy}/d3/f2`)).toBe(false);
});

test("what goes from directories, or with them, comes again", async () => {
  using temp = tempDir();
  const { source, copy } = makeTrees(temp.path);
  fs.writeFileSync(`${source}/top`, "at the top");
  fs.writeFileSync(`${copy}/top`, "at the top");
  fs.utimesSync(`${source}/top`, 1, 1);
  fs.utimesSync(`${copy}/top`, 1, 1);
  for (const i of [3, 4, 5]) fs.writeFileSync(`${source}/d${i}/f2`, "changed");
  const target = disturbed(await openTreeTarget(copy), () => {
    fs.rmSync(`${copy}/top`);
    fs.rmSync(`${copy}/d3/f1`);
    fs.renameSync(`${copy}/d4`, `${temp.path}/away`);
    fs.mkdirSync(`${copy}/d4`);
    fs.renameSync(`${temp.path}/away/deep`, `${copy}/d4/deep`);
    fs.writeFileSync(`${copy}/d5/other`, "");
    fs.renameSync(`${copy}/d5/other`, `${copy}/d5/f6`);
  });
  const { received } = await sync(`${source}/`, target);
  expect(received).toMatchObject({ failed: 0 });
  expect(describeTree(copy)).toEqual(describeTree(source));
});

test("a directory that another one took the place of is not taken for what was compared", async () => {
  using temp = tempDir();
  const { source, copy } = makeTrees(temp.path);
  fs.writeFileSync(`${source}/d3/f2`, "changed");
  const target = disturbed(await openTreeTarget(copy), () => {
    fs.renameSync(`${copy}/d4`, `${temp.path}/away`);
    fs.mkdirSync(`${copy}/d4`);
  });
  const { received } = await sync(`${source}/`, target);
  expect(received).toMatchObject({ failed: 1 });
});

test("who edits a file that becomes a further name of another keeps the edit", async () => {
  using temp = tempDir();
  const { source, copy } = makeTrees(temp.path);
  for (const name of ["f2", "f4"]) {
    fs.rmSync(`${source}/d3/${name}`);
    fs.linkSync(`${source}/d3/f1`, `${source}/d3/${name}`);
  }
  const keep = { hardLinks: true };
  const target = disturbed(await openTreeTarget(copy, { keep }), () =>
    fs.writeFileSync(`${copy}/d3/f2`, "edited"),
  );
  const { received } = await sync(`${source}/`, target, { keep });
  expect(received).toMatchObject({ failed: 1 });
  expect(fs.readFileSync(`${copy}/d3/f2`, "utf8")).toBe("edited");
  expect(fs.statSync(`${copy}/d3/f4`).ino).toBe(fs.statSync(`${copy}/d3/f1`).ino);
});
