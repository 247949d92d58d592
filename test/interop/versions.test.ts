import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { nodeFetch } from "../../src/bucket/node-fetch.node.ts";
import { s3Bucket } from "../../src/bucket/s3.ts";
import { archiveTree } from "../../src/casync/archive-tree.node.ts";
import { bucketChunks } from "../../src/casync/bucket-chunks.ts";
import { nodeCoding } from "../../src/casync/compressor.node.ts";
import { desyncTreeFeatures } from "../../src/casync/features.ts";
import { pushVersion } from "../../src/casync/push-version.ts";
import { missing, unless } from "../obstacles.ts";
import { noS3Server, s3Test, startS3Server } from "../s3-server.ts";

const folder = mkdtempSync(join(tmpdir(), "rsync-stream-versions-"));
const stops: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const stop of stops) await stop();
  rmSync(folder, { recursive: true, force: true });
});

unless(noS3Server ?? missing("desync")).test(
  "desync unpacks a version of a tree from its bucket",
  async () => {
    const { url, stop } = await startS3Server();
    stops.push(stop);
    const bucket = s3Bucket(url, "bucket", { credentials: s3Test, fetch: nodeFetch() });
    await bucket.create();
    const [tree, back] = ["tree", "back"].map((name) => join(folder, name)) as [string, string];
    mkdirSync(join(tree, "sub"), { recursive: true });
    mkdirSync(back);
    writeFileSync(join(tree, "sub", "file"), "content ".repeat(50_000));
    const chunks = bucketChunks(bucket, { prefix: "store", coding: nodeCoding });
    const features = desyncTreeFeatures;
    const { key } = await pushVersion(
      { bucket, prefix: "store/" },
      { name: "tree", kind: "caidx" },
      () => archiveTree(tree, { features }),
      { features, store: chunks },
    );
    const place = `s3+${url}/bucket`;
    const args = ["untar", "--no-same-owner", "-i", "-s", `${place}/store?lookup=path`];
    const env = { ...process.env, S3_ACCESS_KEY: s3Test.accessKey, S3_SECRET_KEY: s3Test.secretKey };
    const child = spawn("desync", [...args, `${place}/${key}?lookup=path`, back], { env, stdio: "ignore" });
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(readFileSync(join(back, "sub", "file"), "utf8")).toBe("content ".repeat(50_000));
  },
);
