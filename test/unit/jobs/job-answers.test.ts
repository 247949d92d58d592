import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { generateToken } from "../../../src/http/tokens.node.ts";
import { type Job, jobStates, type LogPage, logLevels, orderNames } from "../../../src/jobs/job.ts";
import { jobLimits } from "../../../src/jobs/job-limits.ts";
import { jobRoutes } from "../../../src/jobs/job-routes.ts";
import type { JobStore } from "../../../src/jobs/job-store.node.ts";
import { noise } from "../../cli/trees.ts";
import { api, ask, schemas, serveJobs } from "./served-jobs.ts";

const copy = { from: "root/tree/", to: "root/copy" };

async function waitForEnd(url: string, id: number): Promise<Job> {
  return vi.waitFor(
    async () => {
      const { answer } = await ask<Job>(url, `GET v1/jobs/${id}`);
      expect(answer.endedMs).toBeDefined();
      return answer;
    },
    { timeout: 120_000, interval: 20 },
  );
}

describe("the description of the calls", () => {
  it("has every call, and no other", () => {
    const described = Object.entries(api.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, { operationId }]) => `${method.toUpperCase()} ${path.slice(1)} ${operationId}`,
      ),
    );
    expect(described.sort()).toEqual(
      jobRoutes.map(({ method, path, name }) => `${method} ${path} ${name}`).sort(),
    );
  });

  it("says of every POST that it takes JSON, and no POST is heard without", async () => {
    const { url } = await serveJobs();
    for (const { method, path } of jobRoutes.filter((route) => route.method === "POST")) {
      const { status, ok } = await fetch(`${url}${path.replace("{id}", "1")}`, { method });
      expect([status, ok], path).toEqual([400, false]);
      expect(api.paths[`/${path}`]![method.toLowerCase()]!.requestBody, path).toMatchObject({
        required: true,
        content: { "application/json": {} },
      });
    }
  });

  it("has every state, level and field", () => {
    expect(schemas["JobState"]!.enum).toEqual(jobStates);
    expect(schemas["LogLevel"]!.enum).toEqual(logLevels);
    expect(Object.keys(schemas["Order"]!.properties!)).toEqual(orderNames);
  });
});

describe("over HTTP", () => {
  it("a job is previewed, submitted, watched, read, repeated with changes and removed", async () => {
    const { root, url } = await serveJobs();
    const { answer: about } = await ask<{ places: string[] }>(url, "GET v1");
    expect(about.places).toEqual(["root"]);
    const preview = await ask<Job>(url, "POST v1/jobs", { body: { ...copy, preview: true } });
    expect((await waitForEnd(url, preview.answer.id)).preview!.new).toMatchObject({
      count: 2,
      first: [".", "a"],
    });
    const events = await listen(url);
    const { answer } = await ask<Job>(url, `POST v1/jobs/${preview.answer.id}/rerun`, {
      body: { preview: null },
    });
    expect(answer.origin).toBe(preview.answer.id);
    await waitForEnd(url, answer.id);
    expect(readFileSync(join(root, "copy", "a"), "utf8")).toBe("alpha");
    await vi.waitFor(() => expect(events.text()).toMatch(/event: job\ndata: \{"id":2,"state":"done"/), {
      timeout: 120_000,
    });
    const log = await ask<LogPage>(url, `GET v1/jobs/${answer.id}/log?from=1&limit=1&level=info`);
    expect(log.answer.lines).toHaveLength(1);
    const other = await ask<Job>(url, `POST v1/jobs/${answer.id}/rerun`, { body: { to: "root/other" } });
    expect(other.answer.spec).toMatchObject({ from: copy.from, to: "root/other" });
    const ended = await waitForEnd(url, other.answer.id);
    expect(ended.state).toBe("done");
    expect((await ask(url, `DELETE v1/jobs/${ended.id}`)).status).toBe(200);
    expect((await ask(url, `GET v1/jobs/${ended.id}`)).status).toBe(404);
    const { answer: list } = await ask<{ jobs: Job[]; counts: object }>(
      url,
      "GET v1/jobs?state=done&limit=1",
    );
    expect([list.jobs.map(({ id }) => id), list.counts]).toEqual([[answer.id], { done: 2 }]);
    await vi.waitFor(() => expect(events.text()).toContain(`event: removed\ndata: {"id":${ended.id}}`), {
      timeout: 120_000,
    });
    events.stop();
  });

  it("an aborted job ends as aborted", async () => {
    const { root, url } = await serveJobs();
    writeFileSync(join(root, "tree", "big"), noise(2_000_000, "big"));
    const { answer } = await ask<Job>(url, "POST v1/jobs", {
      body: { ...copy, order: { bytesPerSecond: 1000 } },
    });
    expect((await ask<Job>(url, `DELETE v1/jobs/${answer.id}`)).status).toBe(409);
    await ask(url, `POST v1/jobs/${answer.id}/abort`);
    expect((await waitForEnd(url, answer.id)).state).toBe("aborted");
  });

  it("each may do what the token allows, and nothing without one", async () => {
    const [reader, writer, cleaner] = [
      generateToken("reader", ["read"]),
      generateToken("writer", ["read", "write"]),
      generateToken("cleaner", ["read", "write", "delete"]),
    ];
    const tokens = [reader.token, writer.token, cleaner.token];
    const { url } = await serveJobs({ server: { tokens } });
    const deletes = { ...copy, order: { maxDeletedCount: 1 } };
    const submit = async (body: object, token?: string) =>
      (await ask(url, "POST v1/jobs", { body, ...(token !== undefined && { token }) })).status;
    expect(await submit(copy)).toBe(401);
    expect(await submit(copy, reader.secret)).toBe(401);
    expect(await submit({ ...copy, preview: true }, reader.secret)).toBe(200);
    expect(await submit(copy, writer.secret)).toBe(200);
    expect(await submit(deletes, writer.secret)).toBe(401);
    expect(await submit(deletes, cleaner.secret)).toBe(200);
    for (const { method, path } of jobRoutes) {
      const without = await fetch(`${url}${path.replace("{id}", "1")}`, { method });
      expect(without.status, `${method} ${path}`).toBe(401);
    }
    expect((await ask(url, "POST v1/jobs/2/abort", { token: reader.secret })).status).toBe(401);
    expect((await ask(url, "POST v1/jobs/3/abort", { token: writer.secret })).status).toBe(401);
    expect((await ask(url, "DELETE v1/jobs/2", { token: reader.secret })).status).toBe(401);
  });

  it("what is fixed is as it is, and nobody chooses otherwise", async () => {
    const { url } = await serveJobs({ fixed: { to: "root/mine", "order.bytesPerSecond": 1_000_000 } });
    const { answer } = await ask<Job>(url, "POST v1/jobs", { body: { from: "root/tree/" } });
    expect(answer.spec).toMatchObject({ to: "root/mine", order: { bytesPerSecond: 1_000_000 } });
    expect((await ask(url, "POST v1/jobs", { body: copy })).status).toBe(401);
    const faster = { from: "root/tree/", order: { bytesPerSecond: 9 } };
    expect((await ask(url, "POST v1/jobs", { body: faster })).status).toBe(401);
    for (const order of ["x", null, []])
      expect((await ask(url, "POST v1/jobs", { body: { from: "root/tree/", order } })).status).toBe(400);
  });

  it("a refusal names the field that it is about", async () => {
    const { url } = await serveJobs({ fixed: { "order.bytesPerSecond": 1_000_000 } });
    const fieldOf = async (fields: object): Promise<unknown> => {
      const body = { ...copy, ...fields };
      const { answer } = await ask<{ error?: { field?: string } }>(url, "POST v1/jobs", { body });
      return answer.error?.field;
    };
    expect(await fieldOf({ from: "nowhere/x" })).toBe("from");
    expect(await fieldOf({ to: "root/../x" })).toBe("to");
    expect(await fieldOf({ to: undefined })).toBe("to");
    expect(await fieldOf({ rsh: "sh" })).toBe("rsh");
    for (const schedule of ["x", "61 * * * *", 5]) expect(await fieldOf({ schedule })).toBe("schedule");
    expect(await fieldOf({ order: { filter: ["? odd"] } })).toBe("order.filter");
    expect(await fieldOf({ order: { backupDir: "../out" } })).toBe("order.backupDir");
    expect(await fieldOf({ order: { bytesPerSecond: 9 } })).toBe("order.bytesPerSecond");
    expect(await fieldOf({ order: { odd: 1 } })).toBe("order.odd");
  });

  it("what makes no sense is refused", async () => {
    const { url } = await serveJobs();
    const status = async (call: string, body?: unknown) => (await ask(url, call, { body })).status;
    expect(await status("POST v1/jobs", { ...copy, from: "nowhere/x" })).toBe(404);
    expect(await status("POST v1/jobs", { ...copy, to: "root/../x" })).toBe(400);
    expect(await status("POST v1/jobs", { ...copy, rsh: "sh" })).toBe(501);
    expect(await status("POST v1/jobs", { ...copy, title: "x".repeat(jobLimits.jobRequestBytes) })).toBe(503);
    expect(await status("POST v1/jobs", [])).toBe(400);
    expect(await status("GET v1/jobs?state=odd")).toBe(400);
    expect(await status("GET v1/jobs?limit=-1")).toBe(400);
    expect(await status("GET v1/jobs/99")).toBe(404);
    expect(await status("GET v1/nothing")).toBe(404);
    const form = await fetch(`${url}v1/jobs`, { method: "POST", body: "from=root" });
    expect(form.status).toBe(400);
    const foreign = await fetch(`${url}v1/jobs`, { headers: { Origin: "http://evil.example" } });
    expect(foreign.status).toBe(401);
  });

  it("ten thousand jobs are listed in less than a tenth of a second of work", async () => {
    const fill = (store: JobStore): void =>
      store.database.transaction(() => {
        for (let n = 0; n < 10_000; n++) {
          const { id } = store.add("me", copy, { createdMs: n });
          store.change(id, { state: "done", endedMs: n });
        }
      });
    const { url } = await serveJobs({ before: fill });
    let leastMs = Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < 5; attempt++) {
      const before = process.cpuUsage();
      const { answer } = await ask<{ jobs: Job[] }>(url, "GET v1/jobs?before=5000&limit=100");
      const { user, system } = process.cpuUsage(before);
      expect(answer.jobs.map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, n) => 4999 - n));
      leastMs = Math.min(leastMs, (user + system) / 1000);
    }
    expect(leastMs).toBeLessThan(100);
  });
});

/** Listens to events until it is stopped. */
async function listen(url: string) {
  let text = "";
  const asked = request(`${url}v1/events`);
  asked.on("error", () => {});
  await new Promise<void>((resolve) => {
    asked.on("response", (response) =>
      response.on("data", (block: Buffer) => {
        text += block.toString();
        resolve();
      }),
    );
    asked.end();
  });
  return { text: () => text, stop: () => void asked.destroy() };
}
