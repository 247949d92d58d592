import { describe, expect, test } from "vitest";
import { findTokenFault, fitsSubprotocol } from "../../../src/ui/token.ts";

describe("a token that was typed", () => {
  test.each([
    "",
    "  ",
    "mXh3Z0mZ6vYcYpXr8m0H0kq7Pz5hQ2aB",
    " padded ",
    "a+b/c==",
    "bearerabc",
    "x".repeat(512),
  ])("%j may be one", (typed) => {
    expect(findTokenFault(typed)).toBeUndefined();
  });

  test.each([
    ["Bearer abc", /Leave out “Bearer ”/],
    ["bearer\tabc", /Leave out “Bearer ”/],
    ["Bearer", /Leave out “Bearer ”/],
    ["Authorization: Bearer abc", /whole header/],
    ["two words", /space/],
    ["a\u00a0b", /space/],
    ["a\u2003b", /space/],
    ["a\tb", /control character/],
    ["a\x7fb", /control character/],
    ["a\x00b", /control character/],
    ["schlüssel", /“ü”/],
    ["a\u{1F511}", /“\u{1F511}”/u],
    ["a\u200bb", /U\+200B/],
    ["a\u202eb", /U\+202E/],
    ["x".repeat(513), /513 characters/],
  ])("%j is none, and why", (typed, why) => {
    expect(findTokenFault(typed)).toMatch(why);
  });

  test.each([
    ["", true],
    ["mXh3Z0mZ-_.~!", true],
    ["a+b/c==", false],
    ["a,b", false],
    ["{}", false],
  ])("%j beside a subprotocol: %s", (token, fits) => {
    expect(fitsSubprotocol(token)).toBe(fits);
  });
});
