import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { createCafsStorage } from "../../../src/store/cafs-storage.ts";
import { cafsStore } from "../../../src/store/cafs-store.ts";
import { dirStore } from "../../../src/store/dir.node.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { packStore } from "../../../src/store/pack.node.ts";
import type { Store } from "../../../src/store/store.ts";
import { tieredStore } from "../../../src/store/tiered.ts";
import { storeCases } from "../../../src/testing/store-suite.ts";

const root = mkdtempSync(join(tmpdir(), "store-suite-"));
let count = 0;
const freshPath = () => join(root, String(count++));
afterAll(() => rmSync(root, { recursive: true }));

const stores: Record<string, () => Promise<Store>> = {
  memory: async () => memoryStore(),
  "memory with a capacity": async () => memoryStore({ capacityBytes: 4e6 }),
  cafs: async () => cafsStore(createCafsStorage({ capacityBytes: 4e6 })),
  dir: () => dirStore(freshPath()),
  "dir, durable": () => dirStore(freshPath(), { durable: true }),
  "dir with a capacity": () => dirStore(freshPath(), { capacityBytes: 4e6 }),
  pack: async () => packStore(),
  "pack with a capacity": async () => packStore({ capacityBytes: 4e6 }),
  "tiered memory over dir": async () =>
    tieredStore([memoryStore({ capacityBytes: 4000 }), await dirStore(freshPath())]),
  "tiered, one alone": async () => tieredStore([memoryStore()]),
};

describe.each(Object.entries(stores))("%s store", (_, open) => {
  for (const { name, run } of storeCases(open)) it(name, run);
});
