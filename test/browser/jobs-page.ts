import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { createServer, type ServerOptions } from "../../src/http/server.node.ts";
import { dirShare } from "../../src/http/dir-share.node.ts";
import { type JobAnswers, openJobs } from "../../src/jobs/job-answers.node.ts";
import { JobPlaces } from "../../src/jobs/job-places.node.ts";
import { builtCli } from "../built.ts";
import { startBrowser } from "./chromium.ts";

/** The page of jobs in a browser, and the server that it comes from. */
export interface JobsPage {
  /** The only place of jobs, which is named `here`: in it is an empty directory `tree`. */
  readonly folder: string;
  readonly annex: JobAnswers;
  readonly url: string;
  readonly page: Page;
  close(): Promise<void>;
}

/** Serves jobs in a new folder, and opens their page. */
export async function openJobsPage(options: Pick<ServerOptions, "tokens"> = {}): Promise<JobsPage> {
  builtCli();
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-jobs-"));
  mkdirSync(join(folder, "tree"));
  const places = new JobPlaces([{ name: "here", share: dirShare(folder) }]);
  const annex = openJobs(join(folder, "jobs.sqlite"), places);
  const server = createServer({ share: {}, annex, ui: "jobs", ...options });
  const url = await server.listen();
  const browser = await startBrowser();
  return {
    folder,
    annex,
    url,
    page: await browser.goto(url),
    async close() {
      await browser.close();
      await server.close();
      await annex.close();
      rmSync(folder, { recursive: true });
    },
  };
}
