import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { SyncError } from "../../../src/errors.ts";
import { dirShare } from "../../../src/http/dir-share.node.ts";
import type { Job, JobSpec, JobState, LogLevel } from "../../../src/jobs/job.ts";
import { jobLimits } from "../../../src/jobs/job-limits.ts";
import { JobLogs } from "../../../src/jobs/job-logs.node.ts";
import { JobPlaces } from "../../../src/jobs/job-places.node.ts";
import { JobQueue, type JobQueueOptions } from "../../../src/jobs/job-queue.node.ts";
import { readSpec } from "../../../src/jobs/job-spec.node.ts";
import { JobStore } from "../../../src/jobs/job-store.node.ts";
import { noise } from "../../cli/trees.ts";
import { tempDir } from "../tree/disk/disk-tree.ts";

/** A place with a tree of two files, and a queue with its file beside. */
function makeHouse() {
  const temporary = tempDir();
  onTestFinished(() => temporary[Symbol.dispose]());
  const root = join(temporary.path, "root");
  mkdirSync(join(root, "tree", "sub"), { recursive: true });
  writeFileSync(join(root, "tree", "a"), "alpha");
  writeFileSync(join(root, "tree", "sub", "b"), "beta");
  const file = join(temporary.path, "jobs", "jobs.sqlite");
  const open = (options: JobQueueOptions = {}): JobQueue => {
    const none = async (): Promise<never> => Promise.reject(new Error("no job gets here"));
    const places = new JobPlaces([
      { name: "root", share: dirShare(root) },
      { name: "source", share: { openTree: none } },
      { name: "sink", share: { openTarget: none } },
    ]);
    const queue = new JobQueue(file, places, options);
    onTestFinished(() => queue.close().catch(() => {}));
    return queue;
  };
  return { root, file, open };
}

const copyOf = (to: string, fields: object = {}): JobSpec =>
  readSpec({ from: "root/tree/", to: `root/${to}`, ...fields });

async function ended(queue: JobQueue, id: number): Promise<Job> {
  const states: readonly JobState[] = ["done", "partial", "failed", "aborted"];
  await vi.waitFor(() => expect(states).toContain(queue.get(id).state), { timeout: 120_000, interval: 10 });
  return queue.get(id);
}

describe("a job", () => {
  it("that waits is carried out as the next start of the program binds it", async () => {
    const { root, open } = makeHouse();
    const first = open();
    const [bound, refused] = ["bound", "refused"].map((to) => first.submit("me", copyOf(to)));
    await first.close();
    const queue = open({
      bind: (spec) => {
        if (spec.to === "root/refused") throw new SyncError("UNAUTHORIZED", '"to" is fixed here');
        return { ...spec, preview: true };
      },
    });
    expect(await ended(queue, refused!.id)).toMatchObject({
      state: "failed",
      failure: { code: "UNAUTHORIZED", message: '"to" is fixed here' },
    });
    expect(await ended(queue, bound!.id)).toMatchObject({ state: "done" });
    expect(existsSync(join(root, "bound"))).toBe(false);
  });

  it("does what it says, and tells of it", async () => {
    const { root, open } = makeHouse();
    const queue = open();
    const { id } = queue.submit("me", copyOf("copy"));
    const job = await ended(queue, id);
    expect(job).toMatchObject({
      state: "done",
      owner: "me",
      attempts: 1,
      progress: { files: 2, newBytes: 9 },
    });
    expect(readFileSync(join(root, "copy", "sub", "b"), "utf8")).toBe("beta");
    const { lines, end } = queue.log(id, { from: 0, limit: 100 });
    expect(lines.map(({ at }) => at)).toEqual([...lines.keys()]);
    expect(lines.map(({ text }) => text)).toEqual(
      expect.arrayContaining(["begins: root/tree/ to root/copy", "new a", "new sub/", "ends: done"]),
    );
    expect(end).toBe(lines.length);
    expect(queue.log(id, { from: 0, limit: 9, level: "info" }).lines.map(({ level }) => level)).not.toContain(
      "path",
    );
    expect(queue.course(id).at(-1)![2]).toBe(9);
  });

  it("tells in a preview what would be done, and does nothing", async () => {
    const { root, open } = makeHouse();
    mkdirSync(join(root, "copy"));
    writeFileSync(join(root, "copy", "old"), "old");
    const queue = open();
    const { id } = queue.submit("me", copyOf("copy", { preview: true, order: { maxDeletedCount: 9 } }));
    const { preview } = await ended(queue, id);
    expect(preview!.new).toMatchObject({ count: 3, bytes: 9, first: expect.arrayContaining(["a", "sub/b"]) });
    expect(preview!.deleted).toMatchObject({ count: 1, first: ["old"] });
    expect(readFileSync(join(root, "copy", "old"), "utf8")).toBe("old");
  });

  it("that fails says why, with its code", async () => {
    const { open } = makeHouse();
    const queue = open();
    const { id } = queue.submit("me", readSpec({ from: "root/nothing", to: "root/copy" }));
    expect(await ended(queue, id)).toMatchObject({ state: "failed", failure: { code: "NOT_FOUND" } });
    expect(queue.log(id, { from: 0, limit: 9, level: "error" }).lines).toMatchObject([{ code: "NOT_FOUND" }]);
  });

  it("that is aborted ends as aborted, whether it runs or waits", async () => {
    const { root, open } = makeHouse();
    writeFileSync(join(root, "tree", "big"), noise(3_000_000, "big"));
    const queue = open({ runningCount: 1 });
    const slow = queue.submit("me", copyOf("copy", { order: { bytesPerSecond: 1000 } }));
    const waiting = queue.submit("me", copyOf("other"));
    expect(queue.get(slow.id).state).toBe("running");
    expect(queue.abort(waiting.id).state).toBe("aborted");
    expect(queue.abort(slow.id).state).toBe("aborting");
    expect(() => queue.remove(slow.id)).toThrow(/under way/);
    expect(await ended(queue, slow.id)).toMatchObject({ state: "aborted" });
    expect(queue.abort(slow.id).state).toBe("aborted");
    queue.remove(slow.id);
    expect(() => queue.get(slow.id)).toThrow(/no job/);
  });

  it("that is aborted says of nothing that was still to come that it was used again", async () => {
    const { root, open } = makeHouse();
    rmSync(join(root, "tree"), { recursive: true });
    mkdirSync(join(root, "tree"));
    const [here, fresh] = [noise(600_000, "here"), noise(3_000_000, "fresh")];
    mkdirSync(join(root, "copy"));
    writeFileSync(join(root, "copy", "old name"), here);
    writeFileSync(join(root, "tree", "a"), here);
    writeFileSync(join(root, "tree", "b"), fresh);
    const queue = open();
    const { id } = queue.submit("me", copyOf("copy", { order: { bytesPerSecond: 150_000 } }));
    const hasBegun = () => expect(queue.get(id).progress?.newBytes).toBeGreaterThan(100_000);
    await vi.waitFor(hasBegun, { timeout: 120_000, interval: 10 });
    queue.abort(id);
    const { state, progress } = await ended(queue, id);
    expect(state).toBe("aborted");
    expect(progress!.newBytes).toBeLessThan(fresh.length);
    expect(progress!.reusedBytes).toBe(here.length);
  });
});

describe("a queue", () => {
  it("begins no more than it may, of one client and in all, and none into the place of another", async () => {
    const { root, open } = makeHouse();
    writeFileSync(join(root, "tree", "big"), noise(3_000_000, "big"));
    const queue = open({ runningCount: 3, runningPerClientCount: 2 });
    const slow = (owner: string, to: string) =>
      queue.submit(owner, copyOf(to, { order: { bytesPerSecond: 1000 } })).id;
    const ids = [
      slow("a", "1"),
      slow("a", "2"),
      slow("a", "3"),
      slow("b", "2/in/it"),
      slow("b", "22"), // begins as another one, and is none that lies in it
      slow("c", "5"),
    ];
    const stateOf = (id: number) => queue.get(id).state;
    expect(ids.map(stateOf)).toEqual(["running", "running", "queued", "queued", "running", "queued"]);
    queue.abort(ids[0]!);
    await ended(queue, ids[0]!);
    expect(stateOf(ids[2]!)).toBe("running");
  });

  it("goes on where it was when it is opened again", async () => {
    const { root, open } = makeHouse();
    writeFileSync(join(root, "tree", "big"), noise(3_000_000, "big"));
    const first = open();
    const { id } = first.submit("me", copyOf("copy", { order: { bytesPerSecond: 1000 } }));
    await first.close();
    rmSync(join(root, "tree", "big"));
    const second = open();
    expect(await ended(second, id)).toMatchObject({ attempts: 2 });
    const texts = second.log(id, { from: 0, limit: 100 }).lines.map(({ text }) => text);
    expect(texts).toContain("the program ends; the job goes on when it starts again");
  });

  it("gives up a job in whose middle the program ends again and again, and what was to be aborted", () => {
    const { file, open } = makeHouse();
    const store = new JobStore(file);
    const add = () => store.add("me", copyOf("copy"), { createdMs: 1 }).id;
    const [fatal, aborting, once] = [add(), add(), add()];
    store.change(fatal, { state: "running", attempts: jobLimits.attemptCount });
    store.change(aborting, { state: "aborting", attempts: 1 });
    store.change(once, { state: "running", attempts: 1 });
    store.close();
    const queue = open();
    expect(queue.get(fatal)).toMatchObject({ state: "failed", failure: { code: "INTERNAL" } });
    expect(queue.get(aborting).state).toBe("aborted");
    expect(queue.get(once)).toMatchObject({ state: "running", attempts: 2 });
  });

  it("makes jobs when their time has come, once, however far the clock jumped", async () => {
    const { file, open } = makeHouse();
    const store = new JobStore(file);
    const spec = copyOf("copy", { schedule: "* * * * *" });
    const { id } = store.add("me", spec, { createdMs: 1, nextMs: 2 });
    store.close();
    const queue = open();
    const made = queue.list({ limit: 9 }).filter(({ origin }) => origin === id);
    expect(made).toHaveLength(1);
    expect(queue.get(id)).toMatchObject({ state: "scheduled" });
    expect(queue.get(id).nextMs).toBeGreaterThan(Date.now());
    expect(await ended(queue, made[0]!.id)).toMatchObject({ state: "done" });
    expect(queue.abort(id).state).toBe("aborted");
  });

  it("comes back to its times when the clock goes back", () => {
    const { file, open } = makeHouse();
    const store = new JobStore(file);
    const inTenYears = Date.now() + 10 * 365 * 86_400_000;
    const { id } = store.add("me", copyOf("copy", { schedule: "* * * * *" }), {
      createdMs: 1,
      nextMs: inTenYears,
    });
    store.close();
    const queue = open();
    expect(queue.get(id).nextMs).toBeLessThan(inTenYears);
    expect(queue.list({ limit: 9 })).toHaveLength(1);
  });

  it("keeps nobody waiting behind many jobs into one place", async () => {
    const { root, open } = makeHouse();
    writeFileSync(join(root, "tree", "big"), noise(3_000_000, "big"));
    const queue = open();
    const slow = copyOf("copy", { order: { bytesPerSecond: 1000 } });
    for (let count = 0; count < 102; count++) queue.submit("me", slow);
    const { id } = queue.submit("you", copyOf("other", { order: { bytesPerSecond: 1000 } }));
    expect(queue.get(id).state).toBe("running");
  });

  it("goes on when the disk that was full has room again", async () => {
    const { open } = makeHouse();
    const queue = open();
    const change = vi.spyOn(JobStore.prototype, "change").mockImplementation(() => {
      throw new SyncError("NO_SPACE", "there is no room");
    });
    const early = Array.from(
      { length: 2 * jobLimits.runningCount },
      (_, at) => queue.submit(`client ${at}`, copyOf(`early ${at}`)).id,
    );
    change.mockRestore();
    const { id } = queue.submit("me", copyOf("late"));
    for (const one of [...early, id]) expect(await ended(queue, one)).toMatchObject({ state: "done" });
  });

  it("outlives a full disk when a time comes", () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    onTestFinished(() => void vi.useRealTimers());
    const { open } = makeHouse();
    const queue = open();
    const { id } = queue.submit("me", copyOf("copy", { schedule: "* * * * *" }));
    const change = vi.spyOn(JobStore.prototype, "change").mockImplementation(() => {
      throw new SyncError("NO_SPACE", "there is no room");
    });
    vi.advanceTimersByTime(120_000);
    change.mockRestore();
    vi.advanceTimersByTime(60_000);
    expect(queue.list({ limit: 9 }).filter(({ origin }) => origin === id)).toHaveLength(1);
  });

  it("is for one process at a time", () => {
    const { open } = makeHouse();
    open();
    expect(() => open()).toThrow(expect.objectContaining({ code: "LOCKED" }));
  });
});

describe("what a job says is refused", () => {
  it.each([
    ["a place that is not known", { from: "etc/passwd", to: "root/x" }, "NOT_FOUND"],
    ["a path that leads out", { from: "root/../secret", to: "root/x" }, "PATH"],
    ["an absolute path", { from: "/etc", to: "root/x" }, "NOT_FOUND"],
    ["a directory outside", { from: "root/a", to: "root/x", order: { backupDir: "../../x" } }, "PATH"],
    ["a host", { from: "root/a", to: "host:x" }, "NOT_FOUND"],
    [
      "rules that read files here",
      { from: "root/a", to: "root/x", order: { filter: [". /etc/passwd"] } },
      "USAGE",
    ],
    ["a command", { from: "root/a", to: "root/x", rsh: "sh" }, "UNSUPPORTED"],
    ["a store elsewhere", { from: "root/a", to: "root/x", order: { store: "http://x" } }, "UNSUPPORTED"],
    ["a field that is not known", { from: "root/a", to: "root/x", order: { x: 1 } }, "UNSUPPORTED"],
    ["a place to take from alone", { from: "root/a", to: "source/x" }, "UNSUPPORTED"],
    ["a preview there", { from: "root/a", to: "source/x", preview: true }, "UNSUPPORTED"],
    ["a place to put into alone", { from: "sink/a", to: "root/x" }, "UNSUPPORTED"],
    ["what a place does not do", { from: "root/a", to: "root/x", order: { snapshot: true } }, "UNSUPPORTED"],
    [
      "what does not go together",
      { from: "root/a", to: "root/x", order: { linkDest: ["a"], copyDest: ["b"] } },
      "USAGE",
    ],
    ["a suffix that is none", { from: "root/a", to: "root/x", order: { backupSuffix: "a/b" } }, "USAGE"],
    ["what says not what stays", { from: "root/a", to: "root/x", order: { retention: "some" } }, "USAGE"],
    ["a time that never comes", { from: "root/a", to: "root/x", schedule: "0 0 31 2 *" }, "USAGE"],
    ["seconds", { from: "root/a", to: "root/x", schedule: "* * * * * *" }, "USAGE"],
    ["nothing", { from: "root/a" }, "BAD_MESSAGE"],
  ])("%s", (_, spec, code) => {
    const queue = makeHouse().open();
    expect(() => queue.submit("me", readSpec(spec))).toThrow(expect.objectContaining({ code }));
  });
});

it.each([
  ["x", "five fields of cron"],
  ["61 * * * *", 'minute as "61"'],
  ["* 25-26 * * *", 'hour as "25-26"'],
  ["0 0 32,1 * *", 'day as "32,1"'],
  ["0 0 * FOO *", 'month as "FOO"'],
  ["0 0 * * 1-9", 'day of the week as "1-9"'],
])("of the schedule %s it is told what is wrong, and an example", (schedule, words) => {
  const queue = makeHouse().open();
  const submit = () => queue.submit("me", readSpec({ from: "root/a", to: "root/x", schedule }));
  const detail = { field: "schedule" };
  expect(submit).toThrow(expect.objectContaining({ code: "USAGE", detail }));
  expect(submit).toThrow(words);
  expect(submit).toThrow('"30 2 * * 1-5" is');
});

describe("a log of many lines", () => {
  function makeLog() {
    const store = new JobStore(makeHouse().file);
    onTestFinished(() => store.close());
    const add = () => store.add("me", copyOf("copy"), { createdMs: 1 }).id;
    const logs = new JobLogs(store.database, { logLineCount: 5000, logsChars: 80_000 });
    const fill = (id: number) => {
      for (let at = 0; at < 8000; at++)
        logs.add(id, { level: at % 1000 === 0 ? "error" : "path", text: `new file-${at}` });
      logs.write();
    };
    return { store, logs, add, fill };
  }

  it("is read in pages, by level too, and keeps to its bound", () => {
    const { logs, add, fill } = makeLog();
    const id = add();
    fill(id);
    expect(logs.read(id, { from: 0, limit: 1 })).toMatchObject({ first: 3000, end: 8000 });
    const page = logs.read(id, { from: 4000, limit: 1000 });
    expect([page.lines.length, page.lines[0]!.text, page.next]).toEqual([1000, "new file-4000", 5000]);
    const errors = logs.read(id, { from: 0, limit: 1000, level: "error" });
    expect(errors.lines.map(({ at }) => at)).toEqual([3000, 4000, 5000, 6000, 7000]);
    expect(errors.next).toBe(8000);
    expect(logs.read(id, { from: 4000, limit: 0 })).toMatchObject({ lines: [], next: 4000 });
  });

  it("is read backwards from its end, by level too", () => {
    const { logs, add, fill } = makeLog();
    const id = add();
    fill(id);
    const numbers = (before: number, level: LogLevel, from = 0) => {
      const { lines, next } = logs.read(id, { from, before, limit: 3, level });
      return [lines.map(({ at }) => at), next];
    };
    expect(numbers(1e14, "path")).toEqual([[7997, 7998, 7999], 8000]);
    expect(numbers(7997, "path")).toEqual([[7994, 7995, 7996], 7997]);
    expect(numbers(3002, "path")).toEqual([[3000, 3001], 3002]);
    expect(numbers(3000, "path")).toEqual([[], 3000]);
    expect(numbers(7000, "error")).toEqual([[4000, 5000, 6000], 7000]);
    expect(numbers(7000, "error", 5500)).toEqual([[6000], 7000]);
  });

  it("makes room for later ones when all together are too long", () => {
    const { store, logs, add, fill } = makeLog();
    const [first, second] = [add(), add()];
    for (const id of [first, second]) {
      fill(id);
      store.change(id, { state: "done", endedMs: 1 });
    }
    logs.prune();
    expect(logs.read(first, { from: 0, limit: 9 })).toMatchObject({ lines: [], first: 8000, end: 8000 });
    expect(logs.read(second, { from: 0, limit: 9 }).lines).toHaveLength(9);
  });

  it("ends no job where there is no room for it", () => {
    const full = (): never => {
      throw new SyncError("NO_SPACE", "there is no room");
    };
    const database = { run: full, get: full, all: full, transaction: full, close: full };
    const logs = new JobLogs(database);
    for (let at = 0; at < 3000; at++) logs.add(1, { level: "info", text: "a line" });
    logs.close();
  });

  it("ends with its job", () => {
    const { store, logs, add, fill } = makeLog();
    const id = add();
    fill(id);
    store.remove(id);
    logs.add(id, { level: "info", text: "too late" });
    expect(logs.read(id, { from: 0, limit: 9 })).toMatchObject({ lines: [], end: 0 });
  });
});
