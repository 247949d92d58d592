import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import type { Entry } from "../../../../src/tree/entry/entry.ts";
import { openDestination } from "../../../../src/tree/disk/target/destination.node.ts";

const folder = fs.mkdtempSync(join(tmpdir(), "destination-"));

afterEach(() => void vi.restoreAllMocks());

const open = (name: string, makesPath: boolean) => () =>
  openDestination(join(folder, name), "contents", { kind: "dir" } as Entry, { makesPath });

it("tells of a link that leads nowhere, at the end of the path or on the way", () => {
  fs.symlinkSync("nowhere", join(folder, "link"));
  const says = { code: "PATH", detail: { path: join(folder, "link") } };
  for (const name of ["link", "link/it"])
    for (const makesPath of [false, true])
      expect(open(name, makesPath), name).toThrow(expect.objectContaining(says));
});

it("advises to make the directories around it only where that was not asked for", () => {
  const path = join(folder, "around/it");
  const advice = "the directory around the destination does not exist; --mkpath makes it";
  expect(open("around/it", false)).toThrow(expect.objectContaining({ code: "NOT_FOUND", message: advice }));

  const make = fs.mkdirSync;
  // Another process removes them just then.
  vi.spyOn(fs, "mkdirSync").mockImplementation(((given: string, mode?: number) => {
    if (given === path) fs.rmdirSync(join(folder, "around"));
    make(given, mode);
  }) as never);
  const says = { message: "ENOENT: no such file or directory, mkdir", detail: { path } };
  expect(open("around/it", true)).toThrow(expect.objectContaining(says));
});
