import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AwsClient } from "aws4fetch";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openS3 } from "../../src/bucket/s3-place.ts";
import { toHex } from "../../src/bytes/hex.ts";
import { bucketChunks } from "../../src/casync/bucket-chunks.ts";
import { nodeCoding } from "../../src/casync/compressor.node.ts";
import { verifyKept } from "../../src/casync/kept-chunks.ts";
import { sha512_256Digest } from "../../src/chunk/sha512-256.ts";
import { chunkOf } from "../../src/chunk/verify.ts";
import { builtCli } from "../built.ts";
import { outcomeOf } from "../cli/run.ts";
import { missing, unless } from "../obstacles.ts";
import { noS3Server, s3Test, type S3Server, startS3Server } from "../s3-server.ts";
import { collect } from "../unit/casync/vectors.ts";
import { xorshiftBytes } from "../vectors/input.ts";

/** Stores in buckets of a server that is not ours. */

const { describe } = unless(noS3Server);

describe("a bucket", () => {
  let server: S3Server;
  let folder: string;

  beforeAll(async () => {
    server = await startS3Server();
    folder = mkdtempSync(join(tmpdir(), "rsync-stream-bucket-"));
    const root = new AwsClient({
      accessKeyId: s3Test.accessKey,
      secretAccessKey: s3Test.secretKey,
      service: "s3",
      region: "us-east-1",
    });
    expect((await root.fetch(`${server.url}/bucket`, { method: "PUT" })).status).toBe(200);
  });

  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await server.stop();
  });

  function open(path: string, credentials: typeof s3Test | undefined = s3Test) {
    const { bucket, prefix } = openS3(`s3+${server.url}${path}`, {
      attemptCount: 1,
      ...(credentials && { credentials }),
    });
    return bucketChunks(bucket, { prefix, coding: nodeCoding });
  }

  test("holds chunks, tells them, and finds the one that is damaged", async () => {
    const store = open("/bucket/some (odd) + prefix/a");
    const chunks = [1, 2, 3].map((n) => chunkOf(xorshiftBytes(n, 10_000), sha512_256Digest));
    for (const chunk of chunks) {
      expect(await store.has(chunk.id)).toBe(false);
      await expect(store.get(chunk.id)).rejects.toMatchObject({ code: "NOT_FOUND" });
      await store.put(chunk);
      expect(await store.has(chunk.id)).toBe(true);
      expect((await store.get(chunk.id)).bytes).toEqual(chunk.bytes);
    }
    const kept = await collect(store.kept());
    expect(kept.map(({ id }) => toHex(id)).sort()).toEqual(chunks.map(({ id }) => toHex(id)).sort());
    for (const { writtenMs } of kept) expect(Math.abs(Date.now() - writtenMs)).toBeLessThan(86_400_000);
    const [first, second] = chunks;
    const path = `/bucket/some (odd) + prefix/a`;
    const { bucket, prefix } = openS3(`s3+${server.url}${path}`, { credentials: s3Test });
    const key = `${prefix}/${toHex(first!.id).slice(0, 4)}/${toHex(first!.id)}.cacnk`;
    await bucket.put(key, nodeCoding.encode(second!.bytes), "application/zstd");
    const damaged = (await collect(verifyKept(store))).filter(({ trouble }) => trouble !== undefined);
    expect(damaged).toMatchObject([{ id: first!.id, trouble: { code: "CORRUPT", detail: { path: key } } }]);
    expect(await bucket.renew!(key, 0)).toBe(true);
    expect(await bucket.get(key, 100_000)).toEqual(nodeCoding.encode(second!.bytes));
    expect(await bucket.renew!(`${key}.none`, 0)).toBe(false);
    await store.delete(first!.id);
    await store.delete(first!.id);
    expect((await collect(store.kept())).length).toBe(2);
  });

  test("that is not there, and a secret that is wrong, are told as such", async () => {
    const id = new Uint8Array(32);
    await expect(open("/none/a").get(id)).rejects.toMatchObject({
      code: "NOT_FOUND",
      detail: { path: `${server.url}/none/` },
    });
    if (!server.checksSignatures) return;
    const wrong = { ...s3Test, secretKey: "other" } as unknown as typeof s3Test;
    await expect(open("/bucket/a", wrong).get(id)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  });

  test("is a store for the commands, and for desync", async () => {
    writeFileSync(join(folder, "blob"), xorshiftBytes(31, 600_000));
    const desync = join(dirname(builtCli()), "desync.mjs");
    const store = `s3+${server.url}/bucket/shared`;
    const env = { ...process.env, S3_ACCESS_KEY: s3Test.accessKey, S3_SECRET_KEY: s3Test.secretKey };
    const run = async (program: string, ...args: string[]) => {
      const path = program === "desync" ? program : process.execPath;
      const child = spawn(path, program === "desync" ? args : [program, ...args], { cwd: folder, env });
      const { code, stderr } = await outcomeOf(child);
      expect([code, stderr], args.join(" ")).toEqual([0, expect.any(String)]);
      return stderr;
    };
    await run(desync, "make", "-s", store, "a.caibx", "blob");
    await run(builtCli(), "index", "extract", "a.caibx", "out", "-s", store);
    expect(readFileSync(join(folder, "out")).equals(readFileSync(join(folder, "blob")))).toBe(true);
    if (missing("desync") === undefined) {
      await run("desync", "extract", "-s", store, "a.caibx", "theirs");
      expect(readFileSync(join(folder, "theirs")).equals(readFileSync(join(folder, "blob")))).toBe(true);
    }
    writeFileSync(join(folder, "small"), xorshiftBytes(32, 100));
    await run(desync, "make", "-s", store, "b.caibx", "small");
    expect(await run(builtCli(), "store", "prune", store, "b.caibx", "--older-than", "0")).toMatch(/1 stay/);
    expect(await run(builtCli(), "store", "verify", store)).toMatch(/^rsync-stream: 1 chunk, 0 /);
  });
});
