import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { errorCodes } from "../../src/errors.ts";
import { root } from "./source-files.ts";

const page = join(root, "docs", "errors.md");

test("wire numbers are used once", () => {
  const wires = Object.values(errorCodes).map(({ wire }) => wire);
  expect(new Set(wires).size).toBe(wires.length);
});

test("docs/errors.md lists every code with its exit code and wire number", () => {
  const rows = readFileSync(page, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const head = rows.find(
    (cells) => cells.some((cell) => /exit/i.test(cell)) && cells.some((cell) => /wire/i.test(cell)),
  );
  expect(head, "a table with an exit and a wire column").toBeDefined();
  const exitAt = head!.findIndex((cell) => /exit/i.test(cell));
  const wireAt = head!.findIndex((cell) => /wire/i.test(cell));

  const listed = Object.fromEntries(
    rows
      .map((cells) => [/^`?([A-Z][A-Z_]+)`?$/.exec(cells[0]!)?.[1], cells] as const)
      .filter(([code]) => code !== undefined)
      .map(([code, cells]) => [code, { wire: Number(cells[wireAt]), exit: Number(cells[exitAt]) }]),
  );
  expect(listed).toEqual(errorCodes);
});
