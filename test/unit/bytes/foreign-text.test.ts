import { expect, it } from "vitest";
import { quoteText } from "../../../src/bytes/foreign-text.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

it.each([
  ["Welcome\n", '"Welcome"'],
  ["\r\n \n  Welcome back \r\nmore", '"Welcome back"'],
  ["\u001b[32mgreen\u001b[0m\n", '"\u001b[32mgreen\u001b[0m"'],
  ["\u001b]0;a title\u0007hello\n", '"\u001b]0;a title\u0007hello"'],
  ["no line end", '"no line end"'],
  ["ü€😀".repeat(100), `"${"ü€😀".repeat(33)}ü..."`],
  ["<!DOCTYPE html>\n<html><head><title>\n Sign in\n</title>", '"Sign in"'],
  ["<html><title></title><body>", '"<html><title></title><body>"'],
])("of %j shows %s", (text, shown) => {
  expect(quoteText(bytes(text))).toBe(shown);
});

it("shows text that is not UTF-8, and nothing of what is no text", () => {
  expect(quoteText(Uint8Array.of(0x57, 0xed, 0x6c, 0x0a))).toBe('"W\ufffdl"');
  for (const none of [[], [0x0a, 0x20], [0x41, 0x00, 0x42], [0x1f, 0x8b, 0x08, 0x03]])
    expect(quoteText(Uint8Array.from(none))).toBeUndefined();
});
