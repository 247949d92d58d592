import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page, Route } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { unless } from "../obstacles.ts";
import { noBrowser } from "./chromium.ts";
import { type JobsPage, openJobsPage } from "./jobs-page.ts";

unless(noBrowser).describe("the page of jobs, where an answer is late", () => {
  let opened: JobsPage | undefined;
  let page: Page;
  let url: string;

  beforeAll(async () => {
    opened = await openJobsPage();
    ({ page, url } = opened);
    writeFileSync(join(opened.folder, "tree", "file"), "content");
    // Events are parsed as text, answers are not.
    await page.addInitScript(() => {
      const { parse } = JSON;
      JSON.parse = (text) => {
        const value = parse(text) as { id?: number; state?: string };
        if (value.state === "done") document.documentElement.dataset[`done${value.id}`] = "";
        return value;
      };
    });
    await page.reload();
    await page.locator("#list-empty").waitFor();
    await page.waitForFunction(() => document.querySelector("#connection")!.textContent === "");
  });

  afterAll(() => opened?.close());

  const submit = async (to: string): Promise<void> => {
    const spec = { from: "here/tree/", to: `here/${to}`, preview: true };
    const body = JSON.stringify(spec);
    const headers = { "content-type": "application/json" };
    const { ok } = await fetch(new URL("/-/jobs/v1/jobs", url), { method: "POST", headers, body });
    expect(ok).toBe(true);
  };
  /** Takes an answer at once, and lets the page have it when an event has told of the job's end. */
  const hold = (id: number, asked: () => Promise<void>) => async (route: Route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace(/"state":"\w+"/, '"state":"queued"');
    await asked();
    await page.waitForFunction((done) => done in document.documentElement.dataset, `done${id}`);
    await route.fulfill({ response, body });
  };

  it("shows a job as an event told of it that was quicker than the answer", async () => {
    await page.route(
      "**/v1/jobs/1",
      hold(1, async () => {}),
      { times: 1 },
    );
    await submit("a");
    await page.evaluate(() => (location.hash = "#/job/1"));
    await page.locator("#job-go").waitFor();
    expect(await page.locator("#job-status").textContent()).toBe("Done");
  });

  it("lists a job that came while the list was read", async () => {
    await page.route(
      "**/v1/jobs?*",
      hold(2, () => submit("b")),
      { times: 1 },
    );
    await page.evaluate(() => (location.hash = "#/"));
    await page.waitForFunction(() => document.querySelectorAll("#list-rows li").length === 2);
    const states = page.locator("#list-rows .state");
    expect(await states.allTextContents()).toEqual(["Done", expect.any(String)]);
  });

  it("stays with what was asked for last", async () => {
    let answer!: () => void;
    const held = new Promise<void>((resolve) => (answer = resolve));
    const over = new Promise<void>((resolve) => {
      void page.route(
        "**/v1/jobs/1",
        async (route) => {
          const response = await route.fetch();
          await held;
          await route.fulfill({ response });
          resolve();
        },
        { times: 1 },
      );
    });
    await page.evaluate(() => (location.hash = "#/job/1"));
    await page.evaluate(() => (location.hash = "#/job/2"));
    await page.locator("#job-title", { hasText: "b" }).waitFor();
    answer();
    await over;
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
    expect(await page.locator("#job-way").textContent()).toContain("here/b");
  });
});
