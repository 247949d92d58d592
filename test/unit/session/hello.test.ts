import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fastcdcSpec } from "../../../src/chunk/cutter-specs.ts";
import {
  decodeHello,
  encodeHello,
  type ReceiverHello,
  type SenderHello,
} from "../../../src/session/hello.ts";
import { helloNames } from "../../../src/session/hello-names.ts";
import { decodeCredit, encodeCredit } from "../../../src/session/level-bytes.ts";
import { sessionLimits } from "../../../src/session/limits.ts";
import { encodeTuple } from "../../../src/session/tuple.ts";

const nonce = Uint8Array.from({ length: 16 }, (_, i) => i);
const sender: SenderHello = {
  role: "sender",
  mode: "duplex",
  layout: "contents",
  digest: "sha-256",
  compression: "deflate",
  cutter: fastcdcSpec(),
  features: [...helloNames.feature],
  nonce,
};
const defaults = {
  entries: sessionLimits.entriesWindowBytes,
  chunks: sessionLimits.chunksWindowBytes,
  data: sessionLimits.dataWindowBytes,
};
const receiver: ReceiverHello = {
  role: "receiver",
  digests: [...helloNames.digest],
  cutters: [...helloNames.cutter],
  compressions: [...helloNames.compression],
  windows: defaults,
  features: [...helloNames.feature],
  nonce,
};

/** A HELLO of a sender as a later version may write it. */
function saySender({ features = [], needs = [], digest = 0 }: Record<string, unknown>): Uint8Array {
  return encodeTuple([1, 0, nonce, features, needs, 0, 1, digest, 0, 0, 2048, 8192, 65536, "more"]);
}

test("the page has each name at its number", () => {
  const page = readFileSync(new URL("../../../docs/protocol.md", import.meta.url), "utf8");
  const [table = ""] = page.split("| names of a |")[1]!.split("\n\n");
  const rows = [...table.matchAll(/^\| (\w+) \| (`.*) \|$/gm)].map(([, kind, names]) => [
    kind,
    [...names!.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  ]);
  expect(Object.fromEntries(rows)).toEqual(helloNames);
});

test("all that is known is said in few bytes", () => {
  expect(encodeHello(sender).length).toBeLessThan(50);
  expect(encodeHello(receiver).length).toBeLessThan(50);
});

const texts = fc.array(
  fc.string({ maxLength: 12 }).map((name) => `x${name}`),
  { maxLength: 3 },
);
const windowBytes = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const windows = fc.record({ entries: windowBytes, chunks: windowBytes, data: windowBytes });

test("what an end says is heard, also names without a number", () => {
  fc.assert(
    fc.property(texts, texts, windows, (features, others, given) => {
      const said = { ...receiver, features: [...receiver.features, ...features], windows: given };
      const more = { ...said, digests: [...others, "sha-256"], cutters: others, compressions: others };
      expect(decodeHello(encodeHello(more), "receiver")).toEqual(more);
      const asked = { ...sender, features, digest: others[0] ?? "sha-256" };
      expect(decodeHello(encodeHello(asked), "sender")).toEqual(asked);
    }),
  );
});

test("a window that is left out has its default", () => {
  for (const given of [{}, { chunks: 5 }, { entries: 1, data: 2 ** 40 }]) {
    const said = { ...receiver, windows: { ...defaults, ...given } };
    expect(decodeHello(encodeHello(said), "receiver").windows).toEqual(said.windows);
  }
});

test("what a later version can do is passed over, what it needs is refused", () => {
  expect(decodeHello(saySender({ features: [3, 77, "new"] }), "sender").features).toEqual([
    "pieces",
    "#77",
    "new",
  ]);
  expect(decodeHello(saySender({ needs: [3, "subtrees"] }), "sender").mode).toBe("duplex");
  for (const need of [77, "new"])
    expect(() => decodeHello(saySender({ needs: [0, need] }), "sender")).toThrow(
      /needs what is not known here: #?\w+$/,
    );
  expect(decodeHello(saySender({ digest: 9 }), "sender").digest).toBe("#9");
});

test.each([
  ["features that are none", saySender({ features: [1.5] })],
  ["a negative need", saySender({ needs: [-1] })],
  ["no list of needs", saySender({ needs: "pieces" })],
  ["a digest that is no name", saySender({ digest: [] })],
])("%s are not well formed", (_, said) => {
  expect(() => decodeHello(said, "sender")).toThrow(expect.objectContaining({ code: "BAD_MESSAGE" }));
});

test.each([
  ["half a pair", [0]],
  ["a level that is not known", [3, 1]],
  ["a level twice", [1, 5, 1, 5]],
  ["levels that descend", [2, 5, 0, 5]],
  ["a window without room", [1, 0]],
  ["no number", [0, "1"]],
  ["a fraction", [0, 1.5]],
])("windows with %s are refused", (_, pairs) => {
  const said = encodeTuple([1, 1, nonce, [], [], [0], [0], [0], pairs]);
  expect(() => decodeHello(said, "receiver")).toThrow(expect.objectContaining({ code: "BAD_MESSAGE" }));
});

test("credit names the levels at which something was settled", () => {
  const settled = { entries: 0, chunks: 300, data: 1 };
  expect([...encodeCredit(settled)]).toEqual([1, 0xac, 2, 2, 1]);
  expect(decodeCredit(encodeCredit(settled))).toEqual(settled);
  for (const wrong of [
    [0],
    [3, 1],
    [1, 1, 1, 1],
    [2, 1, 1, 1],
    [0, 1, 1, 1, 2, 1, 0],
    [0, 1, 1, 1, 2, 1, 3, 1],
  ])
    expect(() => decodeCredit(Uint8Array.from(wrong))).toThrow(
      expect.objectContaining({ code: "BAD_MESSAGE" }),
    );
});
