import { expect, test } from "vitest";
import { concatBytes } from "../../../src/bytes/compare.ts";
import { isSyncError } from "../../../src/errors.ts";
import { FrameReader, FrameWriter, preamble } from "../../../src/session/frame.ts";
import type { Bytes } from "../../../src/types.ts";

function codeOf(stream: Bytes): string {
  try {
    return `${[...new FrameReader().read(stream)].length} frames`;
  } catch (thrown) {
    if (isSyncError(thrown)) return thrown.code;
    throw thrown;
  }
}

test("a frame is refused when any bit of its check or of its payload is another", () => {
  const frame = new FrameWriter().write("PING", Uint8Array.of(5), "none");
  const stream = concatBytes([preamble, ...frame]);
  expect(codeOf(stream)).toBe("1 frames");
  const checkAt = preamble.length + 4; // behind type and length
  for (let bit = 8 * checkAt; bit < 8 * stream.length; bit++) {
    const flipped = stream.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    expect([bit, codeOf(flipped)]).toEqual([bit, "CORRUPT"]);
  }
});
