import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { castrStore } from "../../src/casync/castr.node.ts";
import { verifyKept } from "../../src/casync/kept-chunks.ts";
import { openKeptChunks } from "../../src/casync/open-store.node.ts";
import { rsyncStream } from "../cli/run.ts";
import { freePort } from "../free-port.ts";
import { listeningAt } from "../listening-port.ts";
import { missing, unless } from "../obstacles.ts";
import { xorshiftBytes } from "../vectors/input.ts";

/** Stores in a container registry, with Debian's docker-registry. */

const { describe, test } = unless(missing("docker-registry"));
const folder = mkdtempSync(join(tmpdir(), "rsync-stream-oci-"));
const at = (name: string) => join(folder, name);
let registry: ChildProcess | undefined;
let place: string;

describe("a container registry", () => {
  beforeAll(async () => {
    const port = await freePort();
    const config = {
      version: 0.1,
      log: { level: "error" },
      storage: { filesystem: { rootdirectory: at("registry") }, delete: { enabled: true } },
      http: { addr: `127.0.0.1:${port}` },
    };
    writeFileSync(at("config.yml"), JSON.stringify(config)); // which is YAML, too
    registry = spawn("docker-registry", ["serve", at("config.yml")], { stdio: "ignore" });
    await listeningAt(port, registry);
    place = `oci+http://127.0.0.1:${port}/some/chunks`;
  });

  afterAll(async () => {
    if (registry?.exitCode === null) {
      registry.kill();
      await once(registry, "exit");
    }
    rmSync(folder, { recursive: true, force: true });
  });

  test("is a store: written to, read, verified and pruned", async () => {
    writeFileSync(at("blob"), xorshiftBytes(41, 1_000_000));
    writeFileSync(at("half"), xorshiftBytes(41, 500_000));
    for (const name of ["blob", "half"]) {
      const { code, stderr } = await rsyncStream([
        "index",
        "make",
        at(`${name}.caibx`),
        at(name),
        "-s",
        place,
      ]);
      expect([code, stderr]).toEqual([0, ""]);
    }
    const extracted = await rsyncStream(["index", "extract", at("blob.caibx"), at("out"), "-s", place]);
    expect(extracted.code).toBe(0);
    expect(readFileSync(at("out")).equals(readFileSync(at("blob")))).toBe(true);
    expect((await rsyncStream(["store", "verify", place])).stderr).toContain("0 of them damaged");
    const pruned = await rsyncStream(["store", "prune", place, at("half.caibx"), "--older-than", "0"]);
    expect(pruned.stderr).toMatch(/[1-9]\d* chunks removed/);
    expect((await rsyncStream(["index", "extract", at("half.caibx"), at("out"), "-s", place])).code).toBe(0);
    expect((await rsyncStream(["index", "extract", at("blob.caibx"), at("none"), "-s", place])).code).toBe(1);
  });

  test("keeps chunks in the form of desync, and tells a damaged one", async () => {
    const other = place.replace("chunks", "more");
    await using store = openKeptChunks(other);
    mkdirSync(at("s.castr"));
    await using local = castrStore(at("s.castr"));
    await rsyncStream(["index", "make", at("blob.caibx"), at("blob"), "-s", at("s.castr")]);
    const ids: Uint8Array[] = [];
    for await (const { id } of local.kept()) ids.push(id);
    const [id, second] = ids as [Uint8Array, Uint8Array];
    await store.put(await local.get(id));
    await store.put(await local.get(id));
    const tag = `${Buffer.from(id).toString("hex")}.cacnk`;
    const url = `${other.slice(4).replace("/some", "/v2/some")}/manifests/`;
    const accept = "application/vnd.oci.image.manifest.v1+json";
    const manifest = (await (await fetch(url + tag, { headers: { accept } })).json()) as {
      layers: object[];
    };
    expect(manifest).toMatchObject({
      schemaVersion: 2,
      artifactType: "application/vnd.desync.chunk.v1",
      config: { mediaType: "application/vnd.oci.empty.v1+json", size: 2 },
      layers: [{ mediaType: "application/octet-stream" }],
      annotations: { "org.opencontainers.image.title": tag },
    });
    // The manifest of one under the tag of another.
    const wrong = `${url}${Buffer.from(second).toString("hex")}.cacnk`;
    const put = async (content: object) =>
      (
        await fetch(wrong, {
          method: "PUT",
          headers: { "content-type": accept },
          body: JSON.stringify(content),
        })
      ).status;
    expect(await put(manifest)).toBe(201);
    const found = [];
    for await (const { trouble } of verifyKept(store)) found.push(trouble?.code);
    expect(found.sort()).toEqual(["CORRUPT", undefined]);
    // What is no artifact of a chunk is none, whatever its tag says.
    expect(await put({ ...manifest, artifactType: "application/other" })).toBe(201);
    expect(await store.has(second)).toBe(false);
    await expect(store.get(second)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await put({ ...manifest, layers: [manifest.layers[0], manifest.layers[0]] })).toBe(201);
    await expect(store.get(second)).rejects.toMatchObject({ code: "CORRUPT" });
    await store.delete(id);
    expect(await store.has(id)).toBe(false);
  });
});
