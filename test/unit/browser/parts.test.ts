import { expect, test } from "vitest";
import { opfsLimits } from "../../../src/browser/opfs-limits.ts";
import { Parts } from "../../../src/browser/parts.ts";

/** A directory of files of which the first opens when it is told to, and all others at once. */
function slowlyOpening(first: Promise<void>): FileSystemDirectoryHandle {
  let count = 0;
  const makeFile = () => ({
    async createSyncAccessHandle() {
      if (count++ === 0) await first;
      let isOpen = true;
      return { isOpen: () => isOpen, close: () => (isOpen = false) };
    },
  });
  const files = new Map<string, ReturnType<typeof makeFile>>();
  const directory = {
    getDirectoryHandle: async () => directory,
    async *keys() {},
    async getFileHandle(name: string) {
      if (!files.has(name)) files.set(name, makeFile());
      return files.get(name);
    },
  };
  return directory as unknown as FileSystemDirectoryHandle;
}

test("a part that is opened is open, whatever else is opened while one is slow", async () => {
  let open = (): void => {};
  const parts = await Parts.open(slowlyOpening(new Promise((resolve) => (open = resolve))));
  const isOpen = (handle: unknown): boolean => (handle as { isOpen(): boolean }).isOpen();
  const slow = parts.open("slow").then(isOpen);
  const others = [1, 2, 3].map(async (worker) => {
    const found: boolean[] = [];
    for (let i = 0; i < 3 * opfsLimits.openPartCount; i++)
      found.push(isOpen(await parts.open(`${worker}.${i}`)));
    return found.every(Boolean);
  });
  setTimeout(() => open(), 50);
  expect(await Promise.all([slow, ...others])).toEqual([true, true, true, true]);
  await parts.close();
});
