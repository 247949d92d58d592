import { expect, test } from "vitest";
import { RemoteWords } from "../../../src/cli/remote-words.ts";

function listen() {
  const texts: string[] = [];
  const paths: string[] = [];
  const words = new RemoteWords({
    onText: (text) => texts.push(text),
    onChange: ({ path }) => paths.push(path),
  });
  const hear = (text: string): void => words.hear(Buffer.from(text));
  return { words, hear, texts, paths };
}

const change = { event: "change", change: "new", path: "ä\nb", kind: "file", size: 3 };

test("lines may come in any pieces", async () => {
  const { words, paths } = listen();
  const line = `${JSON.stringify(change)}\n${JSON.stringify({ event: "summary" })}\n`;
  for (const byte of Buffer.from(line)) words.hear(Uint8Array.of(byte));
  expect(paths).toEqual(["ä\nb"]);
  expect(await words.told).toBe(true);
});

test.each([
  [{ ...change, change: "gone" }],
  [{ ...change, kind: 7 }],
  [{ ...change, path: null }],
  [{ ...change, size: -1 }],
  [{ ...change, size: "3" }],
])("a change that is none is passed over: %j", (event) => {
  const { hear, paths } = listen();
  hear(`${JSON.stringify(event)}\n`);
  expect(paths).toEqual([]);
});

test("what others say is told at the end, or is the reason of a failure", async () => {
  const well = listen();
  well.hear('Welcome\n{"event": no\n\n');
  expect(well.words.end(false)).toContain("Welcome");
  expect(well.texts).toEqual(["Welcome", '{"event": no']);
  expect(await well.words.told).toBe(false);

  const ill = listen();
  ill.hear("no such host");
  expect(ill.words.end(true)).toBe("no such host");
  expect(ill.texts).toEqual([]);
});

test("a failure of the program itself is the reason before all text", () => {
  const { words, hear } = listen();
  hear(`Welcome\n{"event":"failure","code":"IO","message":"broken","path":"a"}\n`);
  expect(words.end(true)).toBe("a: broken (IO)");
});

test("neither a line without an end nor lines without number fill memory or screen", () => {
  const { words, hear, texts } = listen();
  for (let i = 0; i < 100; i++) hear("x".repeat(65_536));
  for (let i = 0; i < 1000; i++) hear(`\n${i}`);
  words.end(false);
  expect(texts.length).toBeLessThanOrEqual(20);
  expect(Math.max(...texts.map((text) => text.length))).toBeLessThanOrEqual(500);
});
