import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { checkBuckets } from "../../src/bucket/check/check-buckets.node.ts";
import { dirBucket } from "../../src/bucket/dir-bucket.node.ts";
import { nodeFetch } from "../../src/bucket/node-fetch.node.ts";
import { s3Bucket } from "../../src/bucket/s3.ts";
import { purgeVersions } from "../../src/bucket/sync/purge-versions.ts";
import { syncBuckets } from "../../src/bucket/sync/sync-buckets.node.ts";
import { rsyncStream } from "../cli/run.ts";
import { unless } from "../obstacles.ts";
import { noS3Server, s3Test, type S3Server, startS3Server } from "../s3-server.ts";
import { xorshiftBytes } from "../vectors/input.ts";

/** Buckets of a server that is not ours, and directories. */

unless(noS3Server).describe("buckets of another server", () => {
  let server: S3Server;
  let folder: string;

  beforeAll(async () => {
    server = await startS3Server();
    folder = mkdtempSync(join(tmpdir(), "rsync-stream-buckets-"));
  });

  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await server.stop();
  });

  const options = { credentials: s3Test, fetch: nodeFetch(), attemptCount: 2, retryMs: 50 };
  const open = (name: string, prefix = "") => ({ bucket: s3Bucket(server.url, name, options), prefix });
  const dir = (name: string) => ({ bucket: dirBucket(join(folder, name)), prefix: "" });
  const stateOf = (name: string) => join(folder, `${name}.state`);

  test("a tree goes there, from bucket to bucket by the server, and comes back", async () => {
    const long = xorshiftBytes(7, 17_000_000);
    mkdirSync(join(folder, "tree", "a b+c", "ä"), { recursive: true });
    for (const [name, content] of [
      ["a b+c/ä/x%41", "1"],
      ["a b+c/y&z", "2"],
      ["empty", ""],
    ] as const)
      writeFileSync(join(folder, "tree", name), content);
    writeFileSync(join(folder, "tree", "long"), long);
    const [tree, first, second] = [dir("tree"), open("first", "p/"), open("second")];
    expect(await first.bucket.exists()).toBe(false);
    await first.bucket.create();
    await second.bucket.create();
    expect(await syncBuckets(tree, first, stateOf("1"))).toMatchObject({ copied: 4, failed: 0 });
    expect(await syncBuckets(tree, first, stateOf("1"))).toMatchObject({ copied: 0, equal: 4 });
    expect(await syncBuckets(first, second, stateOf("2"))).toMatchObject({ copied: 4, failed: 0 });
    expect(await syncBuckets(first, second, stateOf("2"))).toMatchObject({ copied: 0, equal: 4 });
    expect((await second.bucket.head("long"))!.etag).toBe((await first.bucket.head("p/long"))!.etag);
    expect(await checkBuckets(first, second)).toMatchObject({ checked: 4, different: 0, failed: 0 });
    const back = dir("back");
    await back.bucket.create();
    expect(await syncBuckets(second, back, stateOf("3"))).toMatchObject({ copied: 4, failed: 0 });
    expect(readFileSync(join(folder, "back", "long")).equals(long)).toBe(true);
    expect(readFileSync(join(folder, "back", "a b+c", "ä", "x%41"), "utf8")).toBe("1");
    rmSync(join(folder, "tree", "a b+c"), { recursive: true });
    expect(await syncBuckets(tree, first, stateOf("1"), { deletes: true })).toMatchObject({ deleted: 2 });
    expect(await syncBuckets(first, second, stateOf("2"), { deletes: true })).toMatchObject({ deleted: 2 });
    expect(await second.bucket.head("a b+c/y&z")).toBeUndefined();
  });

  test("a prefix as a tree: by the command, with times, and a second time without content", async () => {
    const { bucket } = open("trees");
    await bucket.create();
    const metadata = { headers: {}, user: { mtime: "1700000000.25", mode: "33184" } };
    await bucket.write("p/a b/ä", Buffer.from("one"), { metadata });
    await bucket.write("p/a b/", Buffer.alloc(0));
    await bucket.write("p/a.b", Buffer.from("two"));
    // versitygw, which keeps objects as files, has no such key.
    const hasOddKeys = !server.checksSignatures;
    if (hasOddKeys) await bucket.write("p//x", Buffer.from("three"));
    await bucket.write("p2", Buffer.from("four"));
    const to = join(folder, "received");
    const place = `s3+${server.url}/trees/p/`;
    vi.stubEnv("AWS_ACCESS_KEY_ID", s3Test.accessKey);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", s3Test.secretKey);
    const { code, stdout } = await rsyncStream(["sync", place, to, "--json"]);
    const told = expect.stringContaining(hasOddKeys ? "PATH" : '"failedEntries":0') as string;
    expect([code, stdout.toString()]).toEqual([hasOddKeys ? 3 : 0, told]);
    expect(readFileSync(join(to, "a b", "ä"), "utf8")).toBe("one");
    expect(statSync(join(to, "a b", "ä"))).toMatchObject({ mtimeMs: 1_700_000_000_250, mode: 0o100640 });
    expect(readdirSync(to).sort()).toEqual(["a b", "a.b"]);
    await bucket.deleteMany(["p//x"]);
    const again = await rsyncStream(["pull", place, `${to}/`, "--json", "--delete"]);
    expect(again.code).toBe(0);
    expect(again.stdout.toString()).toContain('"newBytes":0');
    const wrong = await rsyncStream(["push", place, "host:x", "--files-from", "-"]);
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringContaining("--files-from is not for") as string,
    ]);
    vi.unstubAllEnvs();
  });

  test("the MD5 in an ETag is that of the content, and terms are kept", async () => {
    const { bucket } = open("terms");
    await bucket.create();
    const mark = await bucket.write("k", Buffer.from("one"), { replaces: null });
    expect(mark).toBe(createHash("md5").update("one").digest("hex"));
    await expect(bucket.write("k", Buffer.from("two"), { replaces: null })).rejects.toMatchObject({
      code: "CHANGED",
    });
    await expect(bucket.write("k", Buffer.from("two"), { replaces: "0".repeat(32) })).rejects.toMatchObject({
      code: "CHANGED",
    });
    const metadata = {
      headers: { "content-type": "text/x", "cache-control": "max-age=7" },
      user: { a: "b" },
    };
    await bucket.write("k", Buffer.from("two"), { replaces: mark, metadata });
    expect((await bucket.head("k"))!.metadata).toEqual(metadata);
  });

  test("tags come over, through here and by the server", async () => {
    const [first, second, third] = [open("tags-1"), open("tags-2"), open("tags-3")];
    const tags = { "a b": "c+d/e", f: "" };
    for (const { bucket } of [first, second, third]) await bucket.create();
    await first.bucket.write("k", Buffer.from("1"), { metadata: { headers: {}, user: {}, tags } });
    expect(await first.bucket.tags!("k")).toEqual(tags);
    expect((await first.bucket.head("k"))!.tagCount).toBe(2);
    const far = { bucket: { ...second.bucket, copiesFrom: () => false }, prefix: "" };
    await syncBuckets(first, far, stateOf("tags-2"));
    await syncBuckets(first, third, stateOf("tags-3"));
    expect(await second.bucket.tags!("k")).toEqual(tags);
    expect(await third.bucket.tags!("k")).toEqual(tags);
  });

  test("versions that are old are purged, and no others", async () => {
    const side = open("versions");
    await side.bucket.create();
    const versions = side.bucket.versions!;
    await versions.switchOn();
    expect(await versions.isOn()).toBe(true);
    await side.bucket.write("kept", Buffer.from("1"));
    await side.bucket.write("kept", Buffer.from("2"));
    await side.bucket.write("gone", Buffer.from("1"));
    await side.bucket.deleteMany(["gone"]);
    expect(await purgeVersions(side, Date.now() - 86_400_000)).toBe(0);
    expect(await purgeVersions(side, Date.now() + 86_400_000)).toBe(3);
    expect(Buffer.from((await side.bucket.read("kept"))!.bytes).toString()).toBe("2");
    expect(await purgeVersions(side, Date.now() + 86_400_000)).toBe(0);
  });
});
