import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { concatBytes } from "../../../src/bytes/compare.ts";
import { toHex } from "../../../src/bytes/hex.ts";
import { castrStore } from "../../../src/casync/castr.node.ts";
import { chunkServer, indexServer } from "../../../src/casync/chunk-server.node.ts";
import { nodeCoding } from "../../../src/casync/compressor.node.ts";
import { makeIndex } from "../../../src/casync/make-index.ts";
import { dirIndexes } from "../../../src/casync/open-index-store.node.ts";
import { sha512_256Digest } from "../../../src/chunk/sha512-256.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { collect, inBlocks } from "./vectors.ts";

const upWords = ["..", "%2e%2e", ".%2e", "%2E.", "%252e%252e", "..%00", "%c0%ae%c0%ae", "%ef%bc%8e%ef%bc%8e"];
const separators = ["/", "%2f", "%2F", "%5c", "\\", "%252f", "//", "/./"];

/** Ways to write the path of something one or two directories further up. */
function waysTo(target: string): string[] {
  return upWords.flatMap((up) =>
    separators.flatMap((separator) => [
      `/${up}${separator}${target}`,
      `/${up}${separator}${up}${separator}${target}`,
    ]),
  );
}

/** Ways to write the id of a chunk that are not the one it has. */
function waysToWrite(hex: string): string[] {
  const shard = hex.slice(0, 4);
  const suffix = ".cacnk";
  const ids = [
    hex.toUpperCase(),
    `${hex.slice(0, 63)}G`,
    hex.slice(1),
    `${hex}0`,
    `${hex}%00`,
    `%00${hex}`,
    ` ${hex}`.replace(" ", "%20"),
    hex.replace(/^./, (digit) => `%${digit.charCodeAt(0).toString(16)}`),
    `0x${hex.slice(2)}`,
    hex.replace(/.$/, "%ef%bc%90"),
    hex.slice(0, 32),
    "",
  ];
  const parts = ids.flatMap((id) => [`/${shard}/${id}${suffix}`, `/${id.slice(0, 4)}/${id}${suffix}`]);
  const places = [
    `//${shard}/${hex}${suffix}`,
    `/./${shard}/${hex}${suffix}`,
    `/${shard}//${hex}${suffix}`,
    `/${shard}/../${shard}/${hex}${suffix}`,
    `/${shard}%2f${hex}${suffix}`,
    `/${shard}\\${hex}${suffix}`,
    `/0000/${hex}${suffix}`,
    `/${hex}${suffix}`,
    `/${shard}/${hex}`,
    `/${shard}/${hex}.CACNK`,
    `/${shard}/${hex}${suffix}/`,
    `/${shard}/${hex}${suffix}.tmp`,
    `/${shard}/${hex}${suffix}%00`,
    `/${shard}/${hex}${suffix};a`,
    `/${shard}/${hex}${suffix}?a`,
    `/${shard}/.tmp${suffix}`,
  ];
  return [...new Set([...parts, ...places])].filter((path) => path !== `/${shard}/${hex}${suffix}`);
}

interface Told {
  readonly status: number;
  readonly body: string;
}

/** Asks for a path just as it is written. */
function ask(port: number, method: string, path: string, body?: Uint8Array): Promise<Told> {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, method, path, agent: false }, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("end", () =>
        resolve({ status: answer.statusCode!, body: Buffer.concat(parts).toString("latin1") }),
      );
    });
    call.on("error", reject);
    call.end(body);
  });
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A folder with a directory that is served, `sub/root`, and files around it that are not. */
function plant() {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-spelled-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const root = join(folder, "sub/root");
  mkdirSync(root, { recursive: true });
  const around = (): string[] => [...readdirSync(folder), ...readdirSync(join(folder, "sub"))];
  return { folder, root, around };
}

const secret = "what nobody may read";

test("a chunk is at one path, and no spelling leads elsewhere, to read or to write", async () => {
  const { folder, root, around } = plant();
  const store = castrStore(root);
  const chunk = chunkOf(new TextEncoder().encode("served"), sha512_256Digest);
  await store.put(chunk);
  const hex = toHex(chunk.id);
  const name = `${hex}.cacnk`;
  for (const place of [name, "secret", join("sub", name), "sub/secret"])
    writeFileSync(join(folder, place), secret);
  const before = around();
  const port = await listen(chunkServer(store, { writer: store }));
  expect((await ask(port, "GET", `/${hex.slice(0, 4)}/${name}`)).status).toBe(200);
  const paths = [...waysTo(name), ...waysTo("secret"), ...waysToWrite(hex)];
  expect(paths.length).toBeGreaterThan(200);
  const wrong: unknown[] = [];
  const stored = new Uint8Array(nodeCoding.encode(chunk.bytes));
  for (const path of paths)
    for (const method of ["GET", "PUT"]) {
      const { status, body } = await ask(port, method, path, method === "PUT" ? stored : undefined);
      if (status !== 400 || body.includes(secret)) wrong.push([method, path, status]);
    }
  expect(wrong).toEqual([]);
  expect(around()).toEqual(before);
  expect(readdirSync(root)).toEqual([hex.slice(0, 4)]);
});

test("an index is known by its name, and no spelling leads elsewhere, to read or to write", async () => {
  const { folder, root, around } = plant();
  const index = concatBytes(await collect(makeIndex(inBlocks(new Uint8Array(100).fill(7)))));
  for (const place of ["secret.caibx", "sub/secret.caibx"]) writeFileSync(join(folder, place), index);
  const before = around();
  const port = await listen(indexServer(dirIndexes(root), { isWritable: true }));
  const paths = waysTo("secret.caibx");
  const read: unknown[] = [];
  for (const path of paths) {
    const { status } = await ask(port, "GET", path);
    if (status !== 400 && status !== 404) read.push([path, status]);
  }
  expect(read).toEqual([]);
  for (const path of paths) await ask(port, "PUT", path, index);
  expect(around()).toEqual(before);
  for (const { name } of readdirSync(root, { withFileTypes: true }).filter((entry) => !entry.isFile()))
    expect(name).toBe("a file");
});
