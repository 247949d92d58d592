import fc from "fast-check";
import { expect, test } from "vitest";
import { formatSharePath, parseSharePath } from "../../../src/http/share-path.ts";

const text = (path: string): string =>
  parseSharePath(path)
    .components.map((component) => Buffer.from(component).toString("latin1"))
    .join("|");

test.each([
  ["/", "", true],
  ["/a", "a", false],
  ["/a/", "a", true],
  ["/a/b%20c", "a|b c", false],
  ["/%ff%00".replace("%00", "%01"), "\xff\x01", false],
  ["/...", "...", false],
  ["/a%5Cb", "a\\b", false],
  ["/..a/.b", "..a|.b", false],
])("%s names a place", (path, expected, contents) => {
  expect(text(path)).toBe(expected);
  expect(parseSharePath(path).contents).toBe(contents);
});

const dots = [".", "..", "%2e", "%2E", "%2e.", ".%2e", "%2e%2E"];
const others = [
  "",
  "%00",
  "a%00",
  "%2f",
  "a%2Fb",
  "%",
  "%2",
  "%zz",
  "%2 ",
  " ",
  "a b",
  "\u00e9",
  "a\tb",
  "\u202e",
];
const hostile = [...dots, ...others].flatMap((part) => [
  `/${part}`.replace(/^\/$/, "//"),
  `/${part}/`.replace(/^\/\/$/, "///"),
  `/a/${part}/b`,
  `/a/b/${part}/`,
  `/${part}/a`,
  `/a/${part}/${part}/x`,
]);

test.each([
  ...hostile,
  "a",
  "",
  "../a",
  "?",
  "\\..\\a",
  `/${"a".repeat(256)}`,
  "/a".repeat(256),
  "/".repeat(13000),
])("%j is refused", (path) => {
  expect(() => parseSharePath(path)).toThrowError(expect.objectContaining({ code: "PATH" }));
});

test("what is read is what was meant, for any bytes", () => {
  const component = fc
    .uint8Array({ minLength: 1, maxLength: 255 })
    .filter(
      (bytes) =>
        !bytes.includes(0) && !bytes.includes(0x2f) && !/^\.\.?$/.test(Buffer.from(bytes).toString("latin1")),
    );
  fc.assert(
    fc.property(fc.array(component, { maxLength: 8 }), fc.boolean(), (components, slashed) => {
      const contents = slashed || components.length === 0;
      const read = parseSharePath(formatSharePath({ components, contents }));
      expect(read).toEqual({ components, contents });
    }),
  );
});

test("whatever is not plain components is refused, whatever the spelling", () => {
  const pieces = fc.constantFrom(".", "/", "\\", "%", "2", "e", "f", "0", "a", "%2e", "%2f", "%00", "%5c");
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
      const path = `/${parts.join("")}`;
      let read;
      try {
        read = parseSharePath(path);
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: "PATH" });
        return;
      }
      for (const component of read.components) {
        const name = Buffer.from(component).toString("latin1");
        expect(["", ".", ".."]).not.toContain(name);
        expect(name).not.toMatch(/[/\0]/);
      }
    }),
    { numRuns: 2000 },
  );
});
