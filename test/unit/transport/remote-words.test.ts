import { expect, test } from "vitest";
import { RemoteWords } from "../../../src/transport/remote-words.node.ts";

function listen() {
  const texts: string[] = [];
  const words = new RemoteWords({
    onText: (text) => texts.push(text),
  });
  const hear = (text: string): void => words.hear(Buffer.from(text));
  return { words, hear, texts };
}

test("what the program tells of itself is no text, in whatever pieces it comes", () => {
  const { words, hear, texts } = listen();
  const events = [
    { event: "change", path: "\u00e4\nb" },
    { event: "summary" },
    { event: "failure", message: "x" },
  ];
  const lines = events.map((event) => `${JSON.stringify(event)}\n`).join("");
  for (const byte of Buffer.from(lines)) words.hear(Uint8Array.of(byte));
  hear("text\n");
  words.end(false);
  expect(texts).toEqual(["text"]);
});

test("what others say is told at the end, or is the reason of a failure", () => {
  const well = listen();
  well.hear('Welcome\n{"event": no\n\n');
  expect(well.words.end(false)).toContain("Welcome");
  expect(well.texts).toEqual(["Welcome", '{"event": no']);

  const ill = listen();
  ill.hear("no such host");
  expect(ill.words.end(true)).toBe("no such host");
  expect(ill.texts).toEqual([]);
});

test("a failure of the program itself is the reason before all text, and keeps its code", () => {
  const { words, hear } = listen();
  hear(`Welcome\n{"event":"failure","code":"NOT_FOUND","message":"no such file","path":"a"}\n`);
  expect(words.end(true)).toMatchObject({
    code: "NOT_FOUND",
    message: "no such file",
    detail: { path: "a" },
    remote: true,
  });
});

test.each(["OF_ANOTHER_VERSION", "constructor", 7, undefined])("the code %s is none", (code) => {
  const { words, hear } = listen();
  hear(`${JSON.stringify({ event: "failure", code, message: "x".repeat(1000) })}\n`);
  expect(words.end(true)).toMatchObject({ code: "INTERNAL", message: "x".repeat(500), remote: true });
});

test("neither a line without an end nor lines without number fill memory or screen", () => {
  const { words, hear, texts } = listen();
  for (let i = 0; i < 100; i++) hear("x".repeat(65_536));
  for (let i = 0; i < 1000; i++) hear(`\n${i}`);
  words.end(false);
  expect(texts.length).toBeLessThanOrEqual(20);
  expect(Math.max(...texts.map((text) => text.length))).toBeLessThanOrEqual(500);
});
