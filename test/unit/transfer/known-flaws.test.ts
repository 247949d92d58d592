import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { openIndex } from "../../../src/archive/open-index.node.ts";
import { parseSize } from "../../../src/bytes/size.ts";
import { parseTokens } from "../../../src/http/tokens.node.ts";
import type { TransferOptions } from "../../../src/transfer/transfer-options.node.ts";
import { transfer } from "../../../src/transfer/transfer.node.ts";
import { noise } from "../../cli/trees.ts";
import { notLinux, notPosix, unless } from "../../obstacles.ts";
import { entriesOf, freshDir, indexTo } from "../archive/indexed-trees.ts";

/**
 * What is known to go wrong in other programs that copy trees, by the numbers that the pages for
 * who comes from them have. What is shown elsewhere has the number in its title there.
 */

let [from, to] = ["", ""];

beforeEach(() => {
  const dir = freshDir();
  [from, to] = [join(dir, "from"), join(dir, "to")];
  fs.mkdirSync(from);
  fs.mkdirSync(to);
});

async function sync(options: TransferOptions = {}) {
  const summary = await transfer(`${from}/`, to, options);
  return summary.type === "receive" ? summary : expect.unreachable();
}

const write = (root: string, path: string, content: string | Buffer = "x", timeSec = 1000): void => {
  fs.mkdirSync(join(root, path, ".."), { recursive: true });
  fs.writeFileSync(join(root, path), content);
  fs.utimesSync(join(root, path), timeSec, timeSec);
};

test("pareco 6: an inserted byte, a new name and a second copy send next to nothing", async () => {
  const content = noise(1_000_000, "six");
  write(from, "a", content);
  await sync();
  write(from, "a", Buffer.concat([Buffer.from("!"), content]), 2000);
  expect((await sync()).receivedBytes).toBeLessThan(50_000);
  fs.renameSync(join(from, "a"), join(from, "renamed"));
  fs.copyFileSync(join(from, "renamed"), join(from, "twice"));
  expect((await sync()).receivedBytes).toBeLessThan(50_000);
});

test("pareco 8: deletion goes through no link, and takes directories", async () => {
  const elsewhere = freshDir();
  write(elsewhere, "precious");
  write(from, "kept");
  write(to, "old/below/file");
  fs.symlinkSync(elsewhere, join(to, "link"));
  await sync({ maxDeletedCount: 100 });
  expect(fs.readdirSync(to)).toEqual(["kept"]);
  expect(fs.readdirSync(elsewhere)).toEqual(["precious"]);
});

test("pareco 10: places whose names begin alike are two, and many may read one", async () => {
  write(from, "a", noise(200_000, "ten"));
  const places = ["", "b", "b2"].map((name) => to + name);
  await Promise.all(places.map(async (place) => transfer(`${from}/`, place)));
  for (const place of places) expect(fs.readdirSync(place)).toEqual(["a"]);
});

test("pareco 13: a link to what it lies in is a link", async () => {
  fs.mkdirSync(join(from, "dir"));
  fs.symlinkSync("..", join(from, "dir", "up"));
  fs.symlinkSync("nowhere", join(from, "dangling"));
  await sync();
  expect(fs.readlinkSync(join(to, "dir", "up"))).toBe("..");
  expect(fs.readlinkSync(join(to, "dangling"))).toBe("nowhere");
});

test("pareco 14: as many rules as are wanted, whatever the tree is called", async () => {
  const odd = join(from, "G[1]*");
  for (const name of ["a.txt", "b.txt", "c.zip", "d.tmp", "sub/e.txt"]) write(odd, name);
  await transfer(`${odd}/`, to, { filter: ["+ /a.txt", "+ /c.zip", "- *.txt", "- *.tmp"] });
  expect(fs.readdirSync(to).sort()).toEqual(["a.txt", "c.zip", "sub"]);
  expect(fs.readdirSync(join(to, "sub"))).toEqual([]);
});

test("pareco 15: units in small letters are taken, and a token with a plus is refused at the start", () => {
  expect(parseSize("64m")).toBe(parseSize("64M"));
  const secret = "a+b/c=".repeat(6);
  expect(() => parseTokens(`me read ${secret}\n`)).toThrow("has letters, digits");
});

unless(notLinux).test(
  "pareco 17: a time that differs by a nanosecond is another one, earlier or later",
  async () => {
    for (const [source, destination] of [
      ["1000.000000001", "1000.000000002"],
      ["1000.000000002", "1000.000000001"],
    ]) {
      write(from, "a", "new");
      write(to, "a", "old");
      execFileSync("touch", ["-d", `@${source}`, join(from, "a")]);
      execFileSync("touch", ["-d", `@${destination}`, join(to, "a")]);
      await sync();
      expect(fs.readFileSync(join(to, "a"), "utf8")).toBe("new");
    }
  },
);

unless(notPosix).test(
  "tar-like 11: links, hard ones too, empty directories, modes and times are kept",
  async () => {
    write(from, "file", "x", 1_000_000_000);
    fs.chmodSync(join(from, "file"), 0o640);
    fs.mkdirSync(join(from, "empty"));
    fs.symlinkSync("file", join(from, "link"));
    fs.linkSync(join(from, "file"), join(from, "second"));
    await sync({ keep: { hardLinks: true } });
    expect(fs.readdirSync(to).sort()).toEqual(["empty", "file", "link", "second"]);
    const stats = fs.statSync(join(to, "file"));
    expect(stats).toMatchObject({ mode: 0o100640, mtimeMs: 1_000_000_000_000, nlink: 2 });
  },
);

test("tar-like 12: an index does not depend on the order in which a tree was made", async () => {
  const inOrder = ["a", "a/a", "a/z", "a-b", "b", "c", "d", "e", "f", "g", "h"];
  const names = ["b", "a/z", "f", "d", "h", "a-b", "a/a", "c", "g", "e"];
  for (const name of names) write(from, name);
  for (const name of names.toReversed()) write(to, name);
  for (const [root, path] of [
    [from, `${from}.index`],
    [to, `${to}.index`],
  ] as const) {
    for (const dir of [root, join(root, "a")]) fs.utimesSync(dir, 1000, 1000);
    await indexTo(path, root);
    // Systems may list two directories in one order, whichever that is.
    expect((await entriesOf(openIndex(path))).map((entry) => entry.path)).toEqual(inOrder);
  }
  expect(openIndex(`${from}.index`).totals).toEqual(openIndex(`${to}.index`).totals);
});

test("tar-like 15: a change sends what changed, and what is gone is deleted", async () => {
  for (const name of ["a", "b", "c"]) write(from, name, noise(100_000, name));
  await sync();
  write(from, "b", Buffer.concat([noise(100_000, "b"), Buffer.from("more")]), 2000);
  fs.rmSync(join(from, "c"));
  const { receivedBytes, deleted } = await sync({ maxDeletedCount: 1 });
  expect(receivedBytes).toBeLessThan(20_000);
  expect(deleted).toBe(1);
  expect(fs.readdirSync(to)).toEqual(["a", "b"]);
});

unless(notLinux).test(
  "tar-like 18: names that are no text, dangling links and FIFOs stop nothing",
  async () => {
    write(from, "a");
    fs.writeFileSync(Buffer.concat([Buffer.from(`${from}/`), Buffer.of(0xff)]), "odd");
    fs.symlinkSync("nowhere", join(from, "link"));
    execFileSync("mkfifo", [join(from, "pipe")]);
    await sync();
    expect(fs.readdirSync(to, { encoding: "latin1" }).sort()).toEqual(["a", "link", "\u00ff"]);
    await indexTo(`${from}.index`, from);
    const paths = (await entriesOf(openIndex(`${from}.index`))).map(({ path }) => path);
    expect(paths).toEqual(["a", "link", "pipe", "\udcff"]);
  },
);
