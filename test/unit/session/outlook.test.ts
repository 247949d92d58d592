import { expect, test } from "vitest";
import { receiveTree } from "../../../src/session/receive.ts";
import { sendTree } from "../../../src/session/send.ts";
import type { Outlook } from "../../../src/session/outlook.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { PlainTarget, plainSource } from "../../plain-tree.ts";
import { xorshiftBytes as random } from "../../vectors/input.ts";

const files = new Map([
  ["large", 3_000_000],
  ["small", 1000],
]);

/** A file under way, as it was told: its name, where it is, and its size. */
function current({ currentName, currentOffset, currentSize }: Outlook): [string, number, number] {
  return [new TextDecoder().decode(currentName), currentOffset, currentSize];
}

test.each(["duplex", "one-way"] as const)("both ends tell how far a file is: %s", async (mode) => {
  const tree = new Map(
    [...files].map(([name, size]) => [name, { kind: "file", content: random(1, size) }] as const),
  );
  const [left, right] = duplexPair();
  const told = { sender: [] as Outlook[], receiver: [] as Outlook[] };
  await Promise.all([
    sendTree(plainSource(tree), left, { mode, onProgress: (now) => void told.sender.push({ ...now }) }),
    receiveTree(new PlainTarget(), right, {
      duplex: mode === "duplex",
      onProgress: (now) => void told.receiver.push({ ...now }),
    }),
  ]);
  for (const [end, outlooks] of Object.entries(told)) {
    const large = outlooks.map(current).filter(([name]) => name === "large");
    const offsets = large.map(([, offset]) => offset);
    expect(
      large.every(([, , size]) => size === files.get("large")),
      end,
    ).toBe(true);
    expect(offsets, end).toEqual(offsets.toSorted((a, b) => a - b));
    expect(offsets.at(-1), end).toBeLessThanOrEqual(files.get("large")!);
    expect(new Set(offsets).size, `${end} tells of it on the way`).toBeGreaterThan(1);
    expect(current(outlooks.at(-1)!), end).toEqual(["small", 1000, 1000]);
  }
});
