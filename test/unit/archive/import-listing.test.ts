import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { csvRows } from "../../../src/archive/csv-rows.ts";
import { type ImportOptions, openListing } from "../../../src/archive/import-listing.node.ts";
import { sortedEntries } from "../../../src/archive/sorted-entries.node.ts";
import { collect, freshDir } from "./indexed-trees.ts";

const md5 = "0123456789abcdef0123456789abcdef";

/** What is read of a listing of this content. */
async function importOf(name: string, content: string | Buffer, options: ImportOptions = {}) {
  const path = join(freshDir(), name);
  writeFileSync(path, content);
  return entriesIn(path, options);
}

async function entriesIn(path: string, options: ImportOptions = {}) {
  const { digest, entries } = await openListing(path, options);
  const found = await collect(sortedEntries(entries));
  const files = found.map((entry) => [entry.path, entry.size, entry.digest, entry.mtimeSec]);
  return { digest, files };
}

const both = {
  digest: "md5",
  files: [
    ["a,b", 12, md5, 1000],
    ["z", 0, undefined, undefined],
  ],
};

it("reads CSV whose first row names its columns, quoted or compressed", async () => {
  const text = `Size,Path,MD5,mtime\r\n0,z,,\r\n12,"a,b",${md5.toUpperCase()},1000\r\n`;
  expect(await importOf("l.csv", text)).toEqual(both);
  expect(await importOf("l.csv.gz", gzipSync(text))).toEqual(both);
});

it("reads CSV whose columns are named with it", async () => {
  const text = `"a,b",12,${md5},1000\nz,0,,\n`;
  expect(await importOf("l.csv", text, { columns: ["path", "size", "md5", "mtime"] })).toEqual(both);
  await expect(importOf("l.csv", text)).rejects.toMatchObject({ code: "USAGE" });
});

it("reads lines of JSON as listings of S3 have them", async () => {
  const lines = [
    { Key: "z", Size: 0, ETag: '"d41d8-3"' },
    { Key: "a,b", Size: 12, ETag: `"${md5}"`, LastModified: "1970-01-01T00:16:40.000Z" },
  ];
  const withTime = lines.map((line) => JSON.stringify({ LastModified: undefined, ...line }));
  expect((await importOf("l.jsonl", withTime.toReversed().join("\n"))).files).toEqual(both.files);
});

it("reads an inventory of S3, without what is no more", async () => {
  const dir = freshDir();
  mkdirSync(join(dir, "2026-01-01T00-00Z"));
  mkdirSync(join(dir, "data"));
  const rows = [
    `"b","a%2Cb","12","1970-01-01T00:16:40Z","${md5}","true","false"`,
    `"b","z","0","","x-2","true","false"`,
  ];
  const gone = [
    `"b","old","1","","","false","false"`,
    `"b","gone","","","","true","true"`,
    `"b","dir/","0","","","true","false"`,
  ];
  writeFileSync(join(dir, "data", "1.csv.gz"), gzipSync([...rows, ...gone].join("\n")));
  const manifest = {
    fileFormat: "CSV",
    fileSchema: "Bucket, Key, Size, LastModifiedDate, ETag, IsLatest, IsDeleteMarker",
    files: [{ key: "inventory/data/1.csv.gz" }],
  };
  const path = join(dir, "2026-01-01T00-00Z", "manifest.json");
  writeFileSync(path, JSON.stringify(manifest));
  expect(await entriesIn(path)).toEqual(both);
  writeFileSync(join(dir, "data", "1.csv.gz"), gzipSync(rows[0]!.replace("%2C", "%FF")));
  const wrong = { code: "BAD_MESSAGE", detail: { path: join(path, "..", "..", "data", "1.csv.gz") } };
  await expect(entriesIn(path)).rejects.toMatchObject(wrong);
});

it.each([
  ["a path twice", "path,size\na,1\na,1\n", "CORRUPT"],
  ["a path that leads out", "path,size\n../a,1\n", "CORRUPT"],
  ["a size that is none", "path,size\na,many\n", "BAD_MESSAGE"],
  ["no size", "path,length\na,1\n", "USAGE"],
  ["a quote that does not end", 'path,size\n"a,1\n', "BAD_MESSAGE"],
  ["a line without end", `path,size\n${"a".repeat(200_000)}`, "LIMIT"],
  ["nothing", "", "USAGE"],
])("refuses a listing with %s", async (_, text, code) => {
  const detail = { path: expect.anything() as unknown };
  await expect(importOf("l.csv", text)).rejects.toMatchObject({ code, detail });
});

it("tells of which file it is that cannot be unpacked", async () => {
  const cut = gzipSync("path,size\na,1\n").subarray(0, 20);
  await expect(importOf("l.csv.gz", cut)).rejects.toMatchObject({
    detail: { path: expect.stringMatching(/l\.csv\.gz$/) as unknown },
  });
});

it("cuts text into rows wherever its blocks end", async () => {
  const text = 'a,"b ""x"", c"\r\n\n"d\ne",,f\n';
  for (let at = 0; at <= text.length; at++) {
    const blocks = [text.slice(0, at), text.slice(at)].map((part) => Buffer.from(part));
    const rows = await collect(csvRows(streamOf(blocks)));
    expect(rows).toEqual([
      ["a", 'b "x", c'],
      ["d\ne", "", "f"],
    ]);
  }
});

async function* streamOf<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}
