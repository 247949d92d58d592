import { describe, expect, test } from "vitest";
import { urlOf } from "../../../src/ui/connect.ts";
import { findPlaceFault, placeOf } from "../../../src/ui/place.ts";

const base = "http://host/prefix/";

describe("a place that was typed", () => {
  test.each([
    ["", "http://host/prefix/"],
    ["photos", "http://host/prefix/photos"],
    ["photos/", "http://host/prefix/photos"],
    ["photos/2024/a b.txt", "http://host/prefix/photos/2024/a%20b.txt"],
    ["...", "http://host/prefix/..."],
    ["..a/.b", "http://host/prefix/..a/.b"],
    ["%2e%2e/x", "http://host/prefix/%252e%252e/x"],
    ["a?b#c", "http://host/prefix/a%3Fb%23c"],
    [" ", "http://host/prefix/%20"],
    ["ü", "http://host/prefix/%C3%BC"],
    [`${"x/".repeat(254)}x`, `http://host/prefix/${"x/".repeat(254)}x`],
    ["ü".repeat(127), `http://host/prefix/${"%C3%BC".repeat(127)}`],
  ])("%j is asked for as it is", (typed, url) => {
    expect(findPlaceFault(typed)).toBeUndefined();
    expect(urlOf(placeOf(typed), base)).toBe(url);
  });

  test.each([
    ["..", /outside/],
    ["../x", /outside/],
    ["a/../../x", /outside/],
    ["a/..", /outside/],
    ["a/../", /outside/],
    [".", /dot/],
    ["./a", /dot/],
    ["a/./b", /dot/],
    ["/", /top of the server/],
    ["/etc/passwd", /top of the server/],
    ["//host/share", /top of the server/],
    ["\\\\host\\share", /top of the server/],
    ["C:\\photos", /top of the server/],
    ["c:/photos", /top of the server/],
    ["~", /home/],
    ["~/photos", /home/],
    ["http://host/a", /address/],
    ["a\\b", /separated by/],
    ["..\\a", /separated by/],
    ["a//b", /empty name/],
    ["a//", /empty name/],
    ["a\tb", /control character/],
    ["a\0b", /control character/],
    ["a\x85b", /control character/],
    ["a\ud800", /half a character/],
    ["x".repeat(256), /255 bytes/],
    ["ü".repeat(128), /255 bytes/],
    [`${"x/".repeat(255)}x`, /255 names/],
  ])("%j is refused, and why", (typed, why) => {
    expect(findPlaceFault(typed)).toMatch(why);
  });
});
