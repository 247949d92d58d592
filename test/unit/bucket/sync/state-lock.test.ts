import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lockState } from "../../../../src/bucket/sync/state-lock.node.ts";
import { findLibc } from "../../../../src/tree/disk/calls/libc.node.ts";
import { thisHolder } from "../../../../src/tree/disk/target/lock-holder.node.ts";
import { freshFolder } from "../../../cli/run.ts";
import { notLinux, unless } from "../../../obstacles.ts";

const gone = { pid: 2 ** 30, host: os.hostname(), started: "1", since: new Date(0).toISOString() };

test("a lock is taken once, given back, and taken from an owner that is gone", () => {
  const path = join(freshFolder(), "state");
  const release = lockState(path);
  expect(() => lockState(path)).toThrow(
    expect.objectContaining({
      code: "LOCKED",
      message: expect.stringMatching(/ by process \d+ on .* since .* \(\d+ seconds? ago\)$/),
    }),
  );
  release();
  release();
  fs.writeFileSync(`${path}.owner`, JSON.stringify(gone));
  lockState(path)();
  expect(fs.readdirSync(join(path, ".."))).toEqual([]);
});

unless(notLinux ?? (findLibc()?.flock ? undefined : "flock(2) cannot be called here")).test(
  "the lock of a container that was killed is taken by the next, whose host has another name",
  () => {
    const path = join(freshFolder(), "state");
    const killed = { ...thisHolder(true), pid: 1, host: "0123456789ab" };
    fs.writeFileSync(`${path}.owner`, JSON.stringify(killed));
    lockState(path)();
    expect(fs.readdirSync(join(path, ".."))).toEqual([]);
  },
);

test.each(["null", "[]", "{}", "", '{"pid":"1","host":"h","started":"1","since":"x"}'])(
  "a lock that names nobody is nobody's in the end: %s",
  (text) => {
    const path = join(freshFolder(), "state");
    fs.writeFileSync(`${path}.owner`, text);
    fs.utimesSync(`${path}.owner`, 1000, 1000);
    lockState(path)();
    expect(fs.readdirSync(join(path, ".."))).toEqual([]);
  },
);
