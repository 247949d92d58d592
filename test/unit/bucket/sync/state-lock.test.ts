import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { lockState } from "../../../../src/bucket/sync/state-lock.node.ts";
import { freshFolder } from "../../../cli/run.ts";

const gone = { pid: 2 ** 30, host: os.hostname(), started: "1", since: new Date(0).toISOString() };

afterEach(() => vi.restoreAllMocks());

test("a lock is taken once, given back, and taken from an owner that is gone", () => {
  const path = join(freshFolder(), "state");
  const release = lockState(path);
  expect(() => lockState(path)).toThrow(/^process \d+ on/);
  release();
  fs.writeFileSync(`${path}.owner`, JSON.stringify(gone));
  lockState(path)();
  expect(fs.readdirSync(join(path, ".."))).toEqual([]);
});

test("a lock that another one took from an owner that is gone stays with that one", () => {
  const path = join(freshFolder(), "state");
  const release = lockState(path);
  const live = fs.readFileSync(`${path}.owner`);
  release();
  fs.writeFileSync(`${path}.owner`, JSON.stringify(gone));
  const read = fs.readFileSync.bind(fs) as typeof fs.readFileSync;
  let readCount = 0;
  vi.spyOn(fs, "readFileSync").mockImplementation(((place: string, options: "utf8") => {
    const text = read(place, options);
    if (place === `${path}.owner` && ++readCount === 1) fs.writeFileSync(place, live);
    return text;
  }) as typeof fs.readFileSync);
  expect(() => lockState(path)).toThrow(/has worked with this state since .* \(for \d+ seconds?\)/);
  expect(fs.readdirSync(join(path, ".."))).toEqual(["state.owner"]);
});

test.each(["null", "[]", "{}", "", '{"pid":"1","host":"h","started":"1","since":"x"}'])(
  "a lock that names nobody is nobody's: %s",
  (text) => {
    const path = join(freshFolder(), "state");
    fs.writeFileSync(`${path}.owner`, text);
    lockState(path)();
    expect(fs.readdirSync(join(path, ".."))).toEqual([]);
  },
);

test("where a file cannot have a second name, that is said", () => {
  const path = join(freshFolder(), "state");
  vi.spyOn(fs, "linkSync").mockImplementation(() => {
    throw Object.assign(new Error("EPERM: operation not permitted"), { code: "EPERM" });
  });
  expect(() => lockState(path)).toThrow(expect.objectContaining({ code: "IO" }));
  expect(fs.readdirSync(join(path, ".."))).toEqual([]);
});
