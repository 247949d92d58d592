import { expect, test } from "vitest";
import { createPieceKernel } from "../../../../src/chunk/piece-kernel.ts";
import { SyncError } from "../../../../src/errors.ts";
import { RunMaker } from "../../../../src/session/levels/pieces/run-maker.ts";
import type { TreeSource } from "../../../../src/tree/source.ts";

const part = { offset: 0, bytes: 10, mac: new Uint8Array(16) };
const kernel = createPieceKernel(new Uint8Array(32));

function makerOf(read: () => Promise<never>, signal: AbortSignal): RunMaker<string> {
  return new RunMaker({ read } as unknown as TreeSource<string>, kernel, { signal });
}

test("a part that cannot be read again is told; the end of all is no failure of a file", async () => {
  const life = new AbortController();
  const gone = new SyncError("VANISHED", "it is gone");
  const maker = makerOf(() => Promise.reject(gone), life.signal);
  expect(await maker.readPart("file", part)).toBe(gone);
  const reason = new SyncError("ABORTED", "enough");
  life.abort(reason);
  await expect(maker.readPart("file", part)).rejects.toBe(reason);
});
