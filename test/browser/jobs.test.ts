import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page, Request } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createServer } from "../../src/http/server.node.ts";
import { generateToken } from "../../src/http/tokens.node.ts";
import { type JobAnswers, openJobs } from "../../src/jobs/job-answers.node.ts";
import { JobLogs } from "../../src/jobs/job-logs.node.ts";
import { JobPlaces } from "../../src/jobs/job-places.node.ts";
import { JobStore } from "../../src/jobs/job-store.node.ts";
import { noise } from "../cli/trees.ts";
import { unless } from "../obstacles.ts";
import { noBrowser } from "./chromium.ts";
import { type JobsPage, openJobsPage } from "./jobs-page.ts";

unless(noBrowser).describe("the page of jobs", () => {
  const { secret, token } = generateToken("page", ["read", "write", "delete"]);
  const complaints: string[] = [];
  let opened: JobsPage | undefined;
  let folder: string;
  let annex: JobAnswers;
  let page: Page;
  let url: string;

  beforeAll(async () => {
    opened = await openJobsPage({ tokens: [token] });
    ({ annex, folder, page, url } = opened);
    mkdirSync(join(folder, "copy"));
    writeFileSync(join(folder, "tree", "<b>a<b>"), "alpha");
    writeFileSync(join(folder, "tree", "big"), noise(3_000_000, "big"));
    writeFileSync(join(folder, "copy", "old"), "old");
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
  });

  afterAll(() => opened?.close());

  const status = () => page.locator("#job-status");
  const waitForStatus = (text: string) =>
    page.waitForFunction((wanted) => document.querySelector("#job-status")!.textContent === wanted, text);

  it("asks for a token, then previews a job, starts it, and tells what it does", async () => {
    await page.locator("#token-fault").filter({ hasText: "asks for a token" }).waitFor();
    complaints.length = 0; // the browser tells of the refusals
    await page.locator("#token").fill(secret);
    await page.locator("#token").press("Enter");
    await page.locator("#list-empty").waitFor();
    await page.locator("text=New job").first().click();
    await page.locator("#form-from").fill("here/tree/");
    await page.locator("#form-to").fill("here/copy");
    await page.locator("#form-delete").check();
    await page.locator("#form button[type=submit]").click();
    await page.locator("#job-go").waitFor();
    const told = await page.locator("#job-preview").textContent();
    expect(told).toContain("<b>a<b>");
    expect(told).toContain("1 entry would be deleted");
    expect(readFileSync(join(folder, "copy", "old"), "utf8")).toBe("old");
    await page.locator("#job-go").click();
    await page.waitForFunction(() => location.hash === "#/job/2");
    await waitForStatus("Done");
    expect(readFileSync(join(folder, "copy", "<b>a<b>"), "utf8")).toBe("alpha");
    await page.locator("#log-lines li", { hasText: "deleted old" }).waitFor();
    await page.locator("#log-level").selectOption("info");
    await page.locator("#log-lines li", { hasText: "ends: done" }).waitFor();
    expect(await page.locator("#log-lines li", { hasText: "deleted old" }).count()).toBe(0);
  });

  it("makes a job from another one, with all that it had, and aborts it while it runs", async () => {
    await page.locator("#job-clone").click();
    await page.locator("#form-from").waitFor();
    expect(await page.locator("#form-delete").isChecked()).toBe(true);
    await page.locator("#form-to").fill("here/other");
    await page.locator("summary", { hasText: "More" }).click();
    await page.locator("#form-rate").fill("20");
    await page.locator("#form-start").click();
    await waitForStatus("Running");
    await page.locator("#job-abort").click();
    await waitForStatus("Aborted");
    // The directory: the files were to come.
    expect(await page.locator("#job dl div", { hasText: "Skipped" }).locator("dd").textContent()).toBe("1");
    await page.locator("h1 a").click();
    const states = page.locator("#list-rows .state");
    await page.waitForFunction(() => document.querySelectorAll("#list-rows li").length === 3);
    expect(await states.allTextContents()).toEqual(["Aborted", "Done", "Done"]);
    expect(await status().isVisible()).toBe(false);
    expect(complaints).toEqual([]);
  });

  it("says at a field what is wrong with it, also where the server finds that", async () => {
    await page.goto(`${url}#/new`);
    await page.locator("#form").waitFor();
    await page.locator("#form-start").click();
    expect(await page.locator("#form-from-fault").textContent()).toBe("Say where it comes from.");
    expect(await page.locator("#form-to-fault").textContent()).toBe("Say where it goes to.");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("form-from");
    await page.locator("#form-from").fill("here/tree/");
    expect(await page.locator("#form-from-fault").textContent()).toBe("");
    await page.locator("#form-to").fill("here/copy");
    const more = page.locator("#form details");
    await more.evaluate((details) => details.setAttribute("open", ""));
    await page.locator("#form-schedule").fill("61 * * * *");
    await more.evaluate((details) => details.removeAttribute("open"));
    await page.locator("#form-start").click();
    await page.locator("#form-schedule-fault").filter({ hasText: "no such minute" }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("form-schedule");
    expect(await page.locator("#form-schedule").getAttribute("aria-invalid")).toBe("true");
    expect(await page.locator("#form-fault").textContent()).toBe("");
    complaints.length = 0; // the browser tells of the refusal
  });

  it("goes on from the list by keyboard, when a job is forgotten", async () => {
    await page.goto(`${url}#/job/3`);
    // The page focuses the title once the job is there: who is faster has nothing to press.
    await page.waitForFunction(() => document.activeElement?.id === "job-title");
    await page.locator("#job-remove").focus();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelectorAll("#list-rows li").length === 2);
    await page.waitForFunction(() => document.activeElement?.id === "list");
  });

  it("keeps its words for who only hears it, and its width on a phone", async () => {
    await page.setViewportSize({ width: 360, height: 700 });
    for (const [hash, section] of [
      ["#/", "#list"],
      ["#/new", "#form"],
      ["#/job/2", "#job"],
    ] as const) {
      await page.goto(`${url}${hash}`);
      await page.locator(section).waitFor();
      const nameless = await page.evaluate(() =>
        [...document.querySelectorAll<HTMLInputElement>("input, select, textarea")]
          .filter((input) => input.labels!.length === 0 && !input.hasAttribute("aria-label"))
          .map(({ id }) => id),
      );
      expect(nameless).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    }
  });

  it("leads to the page of files and back where there are both", async () => {
    await using both = createServer({ root: folder, annex, tokens: [token], ui: true });
    await page.goto(await both.listen());
    await page.locator("a", { hasText: "Jobs" }).click();
    await page.waitForURL("**/-/ui/jobs.html");
    await page.locator("a", { hasText: "Files" }).click();
    await page.locator("#receive").waitFor();
    for (const ui of [true, "jobs"] as const) {
      await using one = createServer({ root: folder, ...(ui === "jobs" && { annex }), ui });
      await page.goto(await one.listen());
      expect(await page.locator("a.other").isVisible()).toBe(false);
    }
  });

  it("shows the end of a long log at once, and what is before it when that is asked for", async () => {
    const file = join(folder, "long.sqlite");
    writeLongLog(file);
    const long = openJobs(file, new JobPlaces([]));
    await using served = createServer({ share: {}, annex: long, ui: "jobs" });
    const asked: string[] = [];
    page.on("request", (request: Request) => {
      if (request.url().includes("/log?")) asked.push(request.url());
    });
    await page.goto(`${await served.listen()}#/job/1`);
    const line = (at: number) => page.locator("#log-lines li span", { hasText: new RegExp(`^line ${at}$`) });
    await line(longLogCount - 1).waitFor();
    expect(asked).toHaveLength(1);
    const earlier = page.locator("#log-earlier");
    for (const count of [1000, 1500, 2000, 2500, 3000]) {
      await earlier.focus();
      await page.keyboard.press("Enter");
      await line(longLogCount - count).waitFor();
    }
    expect(await page.locator("#log-follow").isChecked()).toBe(false);
    expect(await page.locator("#log-lines li").count()).toBe(2000);
    await page.waitForFunction(() => document.activeElement?.id === "log-lines");
    expect(await earlier.isVisible()).toBe(false);
    await page.locator("#log-more").click();
    await line(2499).waitFor();
    expect(await line(0).count()).toBe(0);
    await page.locator("#log-follow").check();
    await line(longLogCount - 1).waitFor();
    expect(await page.locator("#log-lines li").count()).toBe(500);
    await page.close(); // it listens
    await long.close();
  });
});

const longLogCount = 3000;

function writeLongLog(file: string): void {
  const store = new JobStore(file);
  const { id } = store.add("me", { from: "here/tree/", to: "here/copy" }, { createdMs: 1 });
  store.change(id, { state: "done", endedMs: 2 });
  const logs = new JobLogs(store.database);
  for (let at = 0; at < longLogCount; at++) logs.add(id, { level: "path", text: `line ${at}` });
  logs.close();
  store.close();
}
