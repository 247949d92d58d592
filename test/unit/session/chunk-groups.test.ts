import { expect, it } from "vitest";
import { decodeChunkGroups, encodeChunkGroups } from "../../../src/session/levels/chunks/chunk-groups.ts";

it("takes a group without chunks as the last of a file only", () => {
  const last = { entry: 1, sizes: [], ids: new Uint8Array(0), pushed: [], end: "complete" } as const;
  expect(decodeChunkGroups(encodeChunkGroups([last]), 100)).toEqual([last]);
  const { end: _, ...more } = last;
  expect(() => decodeChunkGroups(encodeChunkGroups([more, last]), 100)).toThrow(
    "an empty part of a chunk list",
  );
});
