import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fetchCafs, fetchSyncInfo } from "../../../src/http/cafs-client.node.ts";
import { createServer } from "../../../src/http/server.node.ts";
import { maxPermutationCount } from "../../../src/remotesync/permutation.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { cafsServer, collect, fetchError, noise, sharedBytes } from "./serving.ts";

const reversed = (count: number): number[] => Array.from({ length: count }, (_, i) => count - 1 - i);

describe("a file that is beyond the limits is refused before anything is answered", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "rsync-stream-limits-"));
    writeFileSync(join(folder, "three"), new Uint8Array(3 * 131_072));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(["GET", "POST"])("a permutation that is longer than allowed, at %s", async (method) => {
    for (const [count, status] of [
      [maxPermutationCount, 200],
      [maxPermutationCount + 1, 503],
    ] as const) {
      await using server = await cafsServer(await sharedBytes(noise(100), reversed(count)));
      const body = new Uint8Array(Math.ceil(count / 8));
      const post = { method, body, headers: { Connection: "close" } };
      const answer = await fetch(server.url, method === "GET" ? {} : post);
      expect(answer.status).toBe(status);
      const said = await answer.text();
      if (status !== 200) expect(JSON.parse(said)).toMatchObject({ error: { code: "LIMIT" } });
    }
  });

  test("a longer one passes where both ends allow it", async () => {
    const maxPermutationCount = 3000;
    const file = await sharedBytes(noise(100), reversed(maxPermutationCount));
    await using server = await cafsServer(file, { maxPermutationCount });
    const options = { maxPermutationCount };
    expect(await collect(fetchCafs(server.url, memoryStore(), options))).toEqual(noise(100));
    expect(await fetchError(server.url)).toMatchObject({ code: "LIMIT" });
  });

  test("a file of too many chunks, with the reason, unless the limit is raised", async () => {
    for (const maxChunkCount of [2, 3]) {
      const server = createServer({ root: folder, maxChunkCount });
      const asked = fetchSyncInfo(`${await server.listen()}three`);
      if (maxChunkCount === 3) expect((await asked).info.chunks.length).toBe(3);
      else
        await expect(asked).rejects.toMatchObject({
          code: "LIMIT",
          message: "a file of more than 2 chunks",
          remote: true,
        });
      await server.close();
    }
  });
});
