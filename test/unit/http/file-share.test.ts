import { appendFileSync, utimesSync, writeFileSync } from "node:fs";
import { mkdtempSync, rmSync, truncateSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fileCutLimits } from "../../../src/http/file-cuts.node.ts";
import { fileShare } from "../../../src/http/file-share.node.ts";
import { checkPermutation } from "../../../src/remotesync/permutation.ts";
import { syncInfoOf } from "../../../src/remotesync/sync-info.ts";
import { noise, streamOf } from "./serving.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rsync-stream-share-"));
  path = join(folder, "file");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("a file on disk as it is shared", () => {
  test.each([0, 1, 127, 128, 100_000, 3_000_000])("%d bytes are cut as they are in memory", async (size) => {
    const bytes = noise(size);
    writeFileSync(path, bytes);
    const file = await fileShare().open(await open(path), {});
    expect(file.info.chunks).toEqual((await syncInfoOf(streamOf(bytes))).chunks);
    const content = [];
    for (const { id } of file.info.chunks) content.push((await file.chunk(id, {})).bytes);
    expect(Buffer.concat(content).equals(bytes)).toBe(true);
    await file.close();
  });

  test("the permutation is one of at most 256 elements, the same for the same peer and state only", async () => {
    writeFileSync(path, noise(4_000_000));
    const share = fileShare();
    const openFor = async (peer: string) => {
      const { info, version, close } = await share.open(await open(path), { peer });
      await close();
      return { perm: info.perm, version };
    };
    const first = await openFor("a");
    checkPermutation(first.perm, 256);
    expect(first.perm.length).toBe(256);
    expect(await openFor("a")).toEqual(first);
    const other = await openFor("b");
    expect(other.version).not.toBe(first.version);
    expect(other.perm).not.toEqual(first.perm);
    utimesSync(path, 1, 1);
    const later = await openFor("a");
    expect(later.version).not.toBe(first.version);
    expect(later.perm).not.toEqual(first.perm);
  });

  test("a file of few chunks has a permutation of as few elements", async () => {
    writeFileSync(path, noise(10_000));
    const { info, close } = await fileShare().open(await open(path), {});
    expect(info.perm.length).toBe(info.chunks.length);
    await close();
  });

  test("a chunk that is not there any more is CHANGED, and the file is cut anew although its times say the same", async () => {
    writeFileSync(path, noise(50_000));
    utimesSync(path, 1, 1);
    const share = fileShare();
    const handle = await open(path);
    const file = await share.open(handle, {});
    const writer = await open(path, "r+");
    await writer.write(noise(50_000, 2), 0, 50_000, 0);
    await writer.close();
    await expect(file.chunk(file.info.chunks[0]!.id, {})).rejects.toMatchObject({ code: "CHANGED" });
    await file.close();
    const again = await share.open(await open(path), {});
    expect((await again.chunk(again.info.chunks[0]!.id, {})).bytes.length).toBeGreaterThan(0);
    await again.close();
  });

  test("a file of too many chunks is refused before it is read, and nothing stays open", async () => {
    writeFileSync(path, "");
    truncateSync(path, 2 ** 17 * (2 ** 20 + 1));
    const handle = await open(path);
    await expect(fileShare().open(handle, {})).rejects.toMatchObject({ code: "LIMIT" });
    expect(handle.fd).toBe(-1);
  });

  test("who has gone does not have it cut to the end; who else asks gets it all the same", async () => {
    writeFileSync(path, noise(12_000_000));
    const share = fileShare();
    const gone = new AbortController();
    const handles = [await open(path), await open(path), await open(path)] as const;
    const first = share.open(handles[0], { signal: gone.signal });
    const second = share.open(handles[1], {});
    const third = share.open(handles[2], { signal: gone.signal });
    gone.abort(new Error("gone"));
    const settled = await Promise.allSettled([first, third]);
    expect(settled).toMatchObject([{ reason: { message: "gone" } }, { reason: { message: "gone" } }]);
    const file = await second;
    expect(file.info.chunks.reduce((sum, { size }) => sum + size, 0)).toBe(12_000_000);
    await file.close();
  });

  test("a file that grows while it is cut is CHANGED", async () => {
    writeFileSync(path, noise(12_000_000));
    const opening = fileShare().open(await open(path), {});
    await new Promise(setImmediate);
    appendFileSync(path, "more");
    await expect(opening).rejects.toMatchObject({ code: "CHANGED" });
  });

  test("what is remembered is bounded", () => {
    expect(fileCutLimits.cutChunkCount * 150).toBeLessThan(50e6);
  });
});
