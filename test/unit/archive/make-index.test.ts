import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Database } from "node-sqlite3-wasm";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { fileEntry, openIndex } from "../../../src/archive/open-index.node.ts";
import { sortedEntries } from "../../../src/archive/sorted-entries.node.ts";
import { sqliteForm } from "../../../src/archive/sqlite-index.node.ts";
import { tarLikeForm } from "../../../src/archive/tar-like/tar-table.node.ts";
import { isSyncError } from "../../../src/errors.ts";
import { seededRandom } from "../../../src/bucket/random.ts";
import { noMounting, unless } from "../../obstacles.ts";
import { printedSeed } from "../../printed-seed.ts";
import { entriesOf, freshDir, indexTo, pathsIn, plantFiles, wholeForms } from "./indexed-trees.ts";

const hashOf = (name: string, content: string): string => createHash(name).update(content).digest("hex");

unless(noMounting()).test("a full disk is called that", async () => {
  const dir = freshDir();
  plantFiles(join(dir, "tree"), Object.fromEntries(names(2000).map((name) => [name, ""])));
  mkdirSync(join(dir, "full"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", join(dir, "full")]);
  try {
    for (const [, form] of wholeForms)
      await expect(indexTo(join(dir, "full", "index"), join(dir, "tree"), form)).rejects.toMatchObject({
        code: "NO_SPACE",
      });
  } finally {
    execFileSync("umount", [join(dir, "full")]);
  }
});

unless(noMounting()).test("a full disk is called that where entries are sorted, too", async () => {
  const disk = freshDir();
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]);
  onTestFinished(() => void execFileSync("umount", [disk]));
  vi.stubEnv("TMPDIR", disk);
  onTestFinished(() => void vi.unstubAllEnvs());
  const entries = names(20_000).map((name) => fileEntry(name, 0));
  const sort = async () => {
    for await (const batch of sortedEntries([entries])) expect(batch).not.toEqual([]);
  };
  await expect(sort()).rejects.toMatchObject({ code: "NO_SPACE", message: expect.stringMatching(/room/) });
});

const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `${"n".repeat(40)}${at}`);

it.each([
  ["entries", "path"],
  ["entries", "size"],
  ["entries", "digest"],
  ["facts", "value"],
])("a field of %s that is longer than any, %s, is refused and not read", async (table, column) => {
  const dir = freshDir();
  plantFiles(join(dir, "tree"), { a: "1", b: "2" });
  await indexTo(join(dir, "index"), join(dir, "tree"));
  const database = new Database(join(dir, "index"));
  database.run(`UPDATE ${table} SET ${column} = CAST(hex(zeroblob(100000)) AS TEXT)`);
  database.close();
  const read = async () => entriesOf(openIndex(join(dir, "index")));
  await expect(read()).rejects.toMatchObject({ code: "CORRUPT" });
});

describe.each(wholeForms)("an index as %s", (_, form) => {
  it("has every path in canonical order, with its facts and digest", async () => {
    const dir = freshDir();
    const root = join(dir, "tree");
    plantFiles(root, { "b-c": "x", "b/c": "content", "b/é": "", a: "1" });
    mkdirSync(join(root, "empty"));
    symlinkSync("b/c", join(root, "link"));
    execFileSync("sh", ["-c", `printf 2 > "$(printf '%s/\\377' '${root}')"`]);
    chmodSync(join(root, "a"), 0o640);
    const path = join(dir, "index");
    const { entries, files, bytes } = await indexTo(path, root, form);
    expect({ entries, files, bytes }).toEqual({ entries: 8, files: 5, bytes: 10 });
    const found = await entriesOf(openIndex(path));
    const names = found.map((entry) => entry.path);
    expect(names).toEqual(["a", "b", "b/c", "b/é", "b-c", "empty", "link", "\udcff"]);
    expect(found[0]).toEqual({
      path: "a",
      kind: "file",
      size: 1,
      mode: 0o640,
      mtimeSec: 1000,
      mtimeNsec: 0,
      target: undefined,
      digest: hashOf("sha256", "1"),
      isUnsettled: false,
    });
    expect(found.find((entry) => entry.path === "link")?.target).toBe("b/c");
    expect(found.at(-1)).toMatchObject({ size: 1, isUnsettled: true });
  });

  it("is refused wherever it is cut off, or one of its bits differs, unless that says nothing", async () => {
    const dir = freshDir();
    plantFiles(join(dir, "tree"), { "d/one": "1", two: "22", three: "333" });
    const path = join(dir, "index");
    await indexTo(path, join(dir, "tree"), form);
    const [whole, wanted] = [readFileSync(path), await entriesOf(openIndex(path))];
    const random = seededRandom(`${printedSeed()}`);
    const read = async () => entriesOf(openIndex(path));
    for (let i = 0; i < 60; i++) {
      const bytes = Buffer.from(whole);
      if (i % 2 === 0) bytes[Math.floor(random() * bytes.length)]! ^= 1 << Math.floor(random() * 8);
      writeFileSync(path, bytes);
      if (i % 2 === 1) truncateSync(path, Math.floor(random() * (bytes.length - 1)));
      const found = await read().catch((thrown: unknown) => thrown);
      if (isSyncError(found))
        expect(["BAD_MESSAGE", "CORRUPT", "UNSUPPORTED", "LIMIT"]).toContain(found.code);
      else expect(found).toEqual(wanted);
    }
  });

  it("takes over the digests of what is unchanged, and reads what may have changed", async () => {
    const dir = freshDir();
    const root = join(dir, "tree");
    plantFiles(root, { "a/same": "same", changed: "before", finer: "1", longer: "1", young: "young" });
    utimesSync(join(root, "young"), new Date(), new Date());
    const path = join(dir, "index");
    expect((await indexTo(path, root, form)).readBytes).toBe(17);
    plantFiles(root, { changed: "later!", finer: "2", longer: "22" });
    utimesSync(join(root, "changed"), 1001, 1001);
    utimesSync(join(root, "finer"), 1000.5, 1000.5);
    writeFileSync(join(root, "new"), "new");
    const earlier = openIndex(path);
    const { readBytes } = await indexTo(join(dir, "second"), root, form, { earlier });
    earlier.close();
    expect(readBytes).toBe(["later!", "2", "22", "young", "new"].join("").length);
    const digests = (await entriesOf(openIndex(join(dir, "second")))).map(({ digest }) => digest);
    expect(digests).toEqual([
      undefined,
      ...["same", "later!", "2", "22", "new", "young"].map((it) => hashOf("sha256", it)),
    ]);
  });
});

it("is equal for equal trees, whichever form it has", async () => {
  const dir = freshDir();
  const trees = ["one", "other"].map((name) => join(dir, name));
  for (const root of trees) {
    plantFiles(root, { "x/y": "1", "x.y": "2" });
    utimesSync(join(root, "x"), 1000, 1000);
  }
  const made = [];
  for (const root of trees)
    for (const [name, form] of wholeForms)
      made.push((await indexTo(join(dir, `${name}-index`), root, form)).sha256);
  expect(new Set(made).size).toBe(1);
});

it("leaves out what a pattern is found in, and does not go into such directories", async () => {
  const dir = freshDir();
  const root = join(dir, "tree.git");
  plantFiles(root, { ".git/config": "", "legit.txt": "", "a/.git/x": "", "a/b": "" });
  const excluded = [/(^|\/)\.git$/u];
  await indexTo(join(dir, "index"), root, sqliteForm, { excluded });
  expect(await pathsIn(join(dir, "index"))).toEqual(["a", "a/b", "legit.txt"]);
});

/** A tree of one file, an index of it beside it, and what that holds. */
async function oldIndex() {
  const dir = freshDir();
  const root = join(dir, "tree");
  plantFiles(root, { a: "1" });
  const path = join(dir, "index");
  await indexTo(path, root);
  const before = readFileSync(path);
  return { dir, root, path, before };
}

it("leaves an old index in its place until the new one is there, and nothing else", async () => {
  const { dir, root, path, before } = await oldIndex();
  const stop = AbortSignal.abort(new Error("stop"));
  await expect(indexTo(path, root, sqliteForm, { signal: stop })).rejects.toThrow("stop");
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(execFileSync("ls", ["-A", dir], { encoding: "utf8" })).toBe("index\ntree\n");
});

it("takes the place of an old index in one step: who reads that goes on with it", async () => {
  const { root, path, before } = await oldIndex();
  const fd = openSync(path, "r");
  writeFileSync(join(root, "b"), "2");
  await indexTo(path, root);
  expect(readFileSync(path).equals(before)).toBe(false);
  expect(readFileSync(fd).equals(before)).toBe(true);
  closeSync(fd);
});

it("is the table of tar-like, as a view and as its own database", async () => {
  const dir = freshDir();
  const root = join(dir, "tree");
  plantFiles(root, { "a/empty": "", "a/x": "12345", b: "678", c: "" });
  const digest = "md5";
  await indexTo(join(dir, "ours"), root, sqliteForm, { digest });
  await indexTo(join(dir, "theirs"), root, tarLikeForm, { digest });
  const hash = (content: string): string => hashOf("md5", content);
  const rows = [
    { id: 0, path: "a/empty", size: 0, offset: 0, offset_end: -1, hash: hash("") },
    { id: 1, path: "a/x", size: 5, offset: 0, offset_end: 4, hash: hash("12345") },
    { id: 2, path: "b", size: 3, offset: 5, offset_end: 7, hash: hash("678") },
    { id: 3, path: "c", size: 0, offset: 8, offset_end: 7, hash: hash("") },
  ];
  const { Database } = createRequire(import.meta.url)(
    "node-sqlite3-wasm",
  ) as typeof import("node-sqlite3-wasm");
  for (const name of ["ours", "theirs"]) {
    const database = new Database(join(dir, name), { readOnly: true });
    const found = database.all("SELECT id, path, size, offset, offset_end, hash FROM tar ORDER BY id");
    const total = database.get("SELECT offset_end + 1 AS total FROM tar ORDER BY id DESC LIMIT 1");
    database.close();
    expect([found, total]).toEqual([rows, { total: 8 }]);
  }
  expect(await pathsIn(join(dir, "theirs"))).toEqual(["a/empty", "a/x", "b", "c"]);
});

/** What somebody could hand over as the database of tar-like. */
const hostileTables: Readonly<Record<string, readonly [string, string]>> = {
  "a view that never ends": [
    "CREATE VIEW tar AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n) SELECT i AS id, 'a' AS path, 0 AS size, 0 AS offset, -1 AS offset_end, '' AS hash FROM n",
    "BAD_MESSAGE",
  ],
  "a column that takes minutes to compute": [
    "DROP TABLE tar; CREATE TABLE tar (id, path, size, offset, offset_end, hash AS (hex(zeroblob(400000000)))); INSERT INTO tar VALUES (0, 'x', 1, 0, 0)",
    "BAD_MESSAGE",
  ],
  "a path that leads out": ["INSERT INTO tar VALUES (0, '../x', 0, 0, -1, '')", "PATH"],
  "an absolute path": ["INSERT INTO tar VALUES (0, '/x', 0, 0, -1, '')", "PATH"],
  "a gap": ["INSERT INTO tar VALUES (0, 'x', 1, 5, 5, '')", "CORRUPT"],
  "a size that is none": ["INSERT INTO tar VALUES (0, 'x', -1, 0, -2, '')", "CORRUPT"],
  "rows that were written twice": [
    "INSERT INTO tar VALUES (0, 'x', 1, 0, 0, ''), (0, 'x', 1, 0, 0, '')",
    "CORRUPT",
  ],
  "a path twice": ["INSERT INTO tar VALUES (0, 'x', 1, 0, 0, ''), (1, 'x', 1, 1, 1, '')", "CORRUPT"],
  "no columns": ["DROP TABLE tar; CREATE TABLE tar (x)", "CORRUPT"],
};

it.each(Object.entries(hostileTables))("refuses %s for a table of tar-like", async (_, [sql, code]) => {
  const path = join(freshDir(), "hostile");
  const { Database } = createRequire(import.meta.url)(
    "node-sqlite3-wasm",
  ) as typeof import("node-sqlite3-wasm");
  const database = new Database(path);
  const table =
    "CREATE TABLE tar (id INT64, path TEXT, size INT64, offset INT64, offset_end INT64, hash TEXT);";
  database.exec((sql.startsWith("CREATE VIEW") ? "" : table) + sql);
  database.close();
  const read = async () => entriesOf(openIndex(path));
  await expect(read()).rejects.toMatchObject({ code });
});

it("says of other files that they are no index", async () => {
  const path = join(freshDir(), "file");
  writeFileSync(path, "id,path\n");
  expect(() => openIndex(path)).toThrow(expect.objectContaining({ code: "BAD_MESSAGE" }));
  expect(() => openIndex(`${path}.no`)).toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
});
