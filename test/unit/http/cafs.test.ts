import { describe, expect, test } from "vitest";
import { toHex } from "../../../src/bytes/hex.ts";
import { sha256 } from "../../../src/chunk/digest.ts";
import { SyncError } from "../../../src/errors.ts";
import { fetchCafs } from "../../../src/http/cafs-client.node.ts";
import { handleCafs } from "../../../src/http/cafs-handler.node.ts";
import type { SharedFile } from "../../../src/http/share.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { cafsServer, collect, fetchError, never, noise, serving, sharedBytes, until } from "./serving.ts";

describe("both ends together", () => {
  test.each([[[0]], [[2, 0, 1]], [Array.from({ length: 256 }, (_, i) => (i * 101 + 7) % 256)]])(
    "a file with a permutation such as %j",
    async (perm) => {
      const bytes = noise(400_000);
      await using server = await cafsServer(await sharedBytes(bytes, perm));
      const store = memoryStore();
      expect(await collect(fetchCafs(server.url, store))).toEqual(bytes);
      const again = fetchCafs(server.url, store);
      let result;
      for (result = await again.next(); !result.done; result = await again.next());
      expect(result.value).toMatchObject({ doneBytes: 400_000, receivedBytes: 0, key: sha256(bytes) });
      expect(server.failures).toEqual([undefined, undefined]);
    },
  );

  test("an empty file, and one of one byte", async () => {
    for (const bytes of [new Uint8Array(0), new Uint8Array(1)]) {
      await using server = await cafsServer(await sharedBytes(bytes));
      expect(await collect(fetchCafs(server.url, memoryStore()))).toEqual(bytes);
    }
  });

  test("the file changed between the two requests: CHANGED (flaw 7)", async () => {
    const file = await sharedBytes(noise(1000));
    let version = 0;
    await using server = await serving((request, response) => {
      void handleCafs(request, response, async () => ({ ...file, version: `v${version++}` }));
    });
    expect(await fetchError(server.url)).toMatchObject({ code: "CHANGED", remote: true });
  });

  test("the digest that a URL promises is that of the file, or CORRUPT (7)", async () => {
    const bytes = noise(1000);
    const digits = toHex(sha256(bytes));
    await using server = await cafsServer(await sharedBytes(bytes));
    for (const keyPrefix of ["", digits.slice(0, 16), digits.toUpperCase()]) {
      expect(await collect(fetchCafs(server.url, memoryStore(), { keyPrefix }))).toEqual(bytes);
    }
    const keyPrefix = digits.slice(0, 15) + (digits[15] === "0" ? "1" : "0");
    for (const wantsKey of [true, false])
      expect(await fetchError(server.url, { keyPrefix, wantsKey })).toMatchObject({ code: "CORRUPT" });
    expect(await fetchError(server.url, { keyPrefix: "xyz" })).toMatchObject({ code: "USAGE" });
  });

  test("cancelled while its reader does something else, it lets go of the connection at once (11, 15)", async () => {
    await using server = await cafsServer(await sharedBytes(noise(4_000_000)));
    const controller = new AbortController();
    const fetching = fetchCafs(server.url, memoryStore(), {
      signal: controller.signal,
      windowCount: 64,
    });
    await fetching.next();
    controller.abort(new SyncError("ABORTED", "enough"));
    await until(() => server.failures.length > 0);
    expect(server.failures).toMatchObject([{ code: "PEER_GONE" }]);
    await expect(fetching.next()).rejects.toMatchObject({ message: "enough" });
  });

  test("left by its reader, it lets go of the connection (15)", async () => {
    await using server = await cafsServer(await sharedBytes(noise(4_000_000)));
    for await (const _ of fetchCafs(server.url, memoryStore(), { windowCount: 64 })) break;
    await until(() => server.failures.length > 0);
    expect(server.failures).toMatchObject([{ code: "PEER_GONE" }]);
  });

  test("a window of one is enough, and answers travel together where it is larger (9, 26)", async () => {
    const bytes = noise(2_000_000);
    const sizes: number[] = [];
    const file = await sharedBytes(bytes, [2, 0, 1]);
    await using server = await serving((request, response) => {
      const emit = request.emit.bind(request);
      request.emit = (event: string, ...values: any[]) => {
        if (event === "data") sizes.push(values[0].length);
        return emit(event, ...values);
      };
      void handleCafs(request, response, async () => file);
    });
    const sizesWith = async (windowCount: number) => {
      sizes.length = 0;
      expect(
        Buffer.from(await collect(fetchCafs(server.url, memoryStore(), { windowCount }))).equals(bytes),
      ).toBe(true);
      return [...sizes];
    };
    const wishBytes = Math.ceil((file.info.chunks.length + 2) / 8);
    expect((await sizesWith(1)).length).toBe(wishBytes);
    expect((await sizesWith(256)).length).toBeLessThanOrEqual(Math.ceil(wishBytes / 8));
  });

  test("how far it is, is told after each chunk (31)", async () => {
    const bytes = noise(300_000);
    await using server = await cafsServer(await sharedBytes(bytes, [1, 0]));
    const told: number[] = [];
    const onProgress = ({ doneBytes }: { doneBytes: number }): void => void told.push(doneBytes);
    await collect(fetchCafs(server.url, memoryStore(), { onProgress }));
    expect(told.at(-1)).toBe(300_000);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });

  test("cancelled in the middle, it ends at both ends", async () => {
    const file = await sharedBytes(noise(200_000));
    const controller = new AbortController();
    let waits = 0;
    const slow: SharedFile = {
      ...file,
      chunk: (id, options) => (waits++ < 3 ? file.chunk(id, options) : never(options.signal!)),
    };
    await using server = await cafsServer(slow);
    const reading = collect(fetchCafs(server.url, memoryStore(), { signal: controller.signal }));
    reading.catch(() => {});
    await until(() => waits === 4);
    controller.abort(new SyncError("ABORTED", "enough"));
    await expect(reading).rejects.toMatchObject({ code: "ABORTED", message: "enough" });
    await until(() => server.failures.length > 0);
    expect(server.failures[0]).toMatchObject({ code: "PEER_GONE" });
  });
});
