import "fake-indexeddb/auto";
import { describe, expect, it } from "vitest";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { indexedDbStore } from "../../../src/store/indexed-db.ts";
import { storeCases } from "../../../src/testing/store-suite.ts";

let count = 0;

describe("a store in IndexedDB", () => {
  for (const { name, run } of storeCases(() => indexedDbStore(`suite-${count++}`))) it(name, run);

  it("keeps chunks until the next time, and notices when one is damaged", async () => {
    const chunk = chunkOf(new Uint8Array(1000).fill(7));
    const first = await indexedDbStore("kept");
    await first.put(chunk);
    await first.close();
    const second = await indexedDbStore("kept");
    expect((await second.get(chunk.id)).bytes).toEqual(chunk.bytes);
    const database = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open("kept", 1);
      request.onsuccess = () => resolve(request.result);
    });
    database
      .transaction("chunks", "readwrite")
      .objectStore("chunks")
      .put(new Uint8Array(1000), new Uint8Array(chunk.id));
    await expect(second.get(chunk.id)).rejects.toMatchObject({ code: "CORRUPT" });
    database.close();
    await second.close();
  });
});
