import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import type { Job, LogPage } from "../../src/jobs/job.ts";
import { listening } from "./listening.ts";
import { freshFolder, rsyncStream } from "./run.ts";
import { noise, picture, plant } from "./trees.ts";

const headers = { "Content-Type": "application/json" };

async function submit(url: string, job: object): Promise<Job> {
  const response = await fetch(`${url}-/jobs/v1/jobs`, {
    method: "POST",
    headers,
    body: JSON.stringify(job),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Job;
}

async function get<Answer>(url: string, path: string): Promise<Answer> {
  return (await (await fetch(`${url}-/jobs/v1/${path}`)).json()) as Answer;
}

async function waitFor(url: string, id: number, holds: (job: Job) => boolean): Promise<Job> {
  return vi.waitFor(
    async () => {
      const job = await get<Job>(url, `jobs/${id}`);
      expect(holds(job), JSON.stringify(job)).toBe(true);
      return job;
    },
    { timeout: 120_000, interval: 50 },
  );
}

it("a job goes on after the server was killed in its middle", async () => {
  const folder = freshFolder();
  plant(join(folder, "tree"), { "a.txt": "one", big: noise(800_000, "big") });
  plant(join(folder, "backup"), {});
  const line = [
    ...["jobs", join(folder, "jobs")],
    ...["--place", `tree=${join(folder, "tree")}`, "--place", `backup=${join(folder, "backup")}`],
  ];
  const first = await listening(...line);
  const { id } = await submit(first.url, { from: "tree", to: "backup", order: { bytesPerSecond: 200_000 } });
  await waitFor(first.url, id, ({ progress }) => (progress?.newBytes ?? 0) > 0);
  await first.stop("SIGKILL");
  const second = await listening(...line);
  expect(second.lines.join()).toContain("anybody on this machine may start jobs");
  const job = await waitFor(second.url, id, ({ state }) => state === "done");
  expect(job.attempts).toBe(2);
  expect(picture(join(folder, "backup"))).toEqual(picture(join(folder, "tree")));
  const { lines } = await get<LogPage>(second.url, `jobs/${id}/log`);
  expect(lines.map(({ text }) => text)).toContain("the program ended meanwhile; the job goes on");
  expect(await second.stop()).toBe(0);
});

it("beside what is served, from it to a server whose token is told to nobody", async () => {
  const folder = freshFolder();
  plant(join(folder, "served"), { "tree/a.txt": "one" });
  plant(join(folder, "other"), {});
  const other = await listening("serve", join(folder, "other"), "--generate-token");
  writeFileSync(join(folder, "token"), other.token!, { mode: 0o600 });
  const server = await listening(
    ...["serve", join(folder, "served"), "--jobs", join(folder, "jobs"), "--fix", "to=far/copy"],
    ...["--place", `far=${other.url}`, "--place-token", `far=${join(folder, "token")}`],
    ...["--place", `open=${other.url}`, "--place", "host=host:tree"],
  );
  expect(server.lines.join()).toContain("may read and write and start jobs");
  const { id } = await submit(server.url, { from: "root/tree/" });
  await waitFor(server.url, id, ({ state }) => state === "done");
  expect(readFileSync(join(folder, "other", "copy", "a.txt"), "utf8")).toBe("one");
  const told = [
    JSON.stringify([
      await get(server.url, ""),
      await get(server.url, "jobs"),
      await get(server.url, `jobs/${id}/log`),
    ]),
    server.lines.join(""),
  ];
  expect(await server.stop()).toBe(0);
  told.push(readFileSync(join(folder, "jobs", "jobs.sqlite"), "latin1"));
  for (const text of told) expect(text).not.toContain(other.token);
});

it("says what it needs", async () => {
  const folder = freshFolder();
  const run = async (...args: string[]) => (await rsyncStream(args)).stderr;
  expect(await run("jobs", join(folder, "jobs"))).toContain("jobs need a --place");
  expect(await run("serve", folder, "--fix", "to=x")).toContain("--fix is for --jobs");
  expect(await run("jobs", folder, "--place", "here")).toContain("--place takes NAME=VALUE");
  expect(await run("jobs", folder, "--place", "a b=/tmp")).toContain("the name of a place");
});
