import { closingInTheEnd } from "../../bytes/closing.ts";
import { defineCommand } from "../command.ts";
import { jobOptions, openJobsIn } from "./job-options.ts";
import { listenOptions, serverGraceMs, serveUntilInterrupted } from "./listen.ts";

/** `jobs DIR`: carries out transfers that others ask for, on a page or by calls. */
export const jobs = defineCommand({
  operands: ["DIR"],
  options: { ...jobOptions, ...listenOptions },
  writesOutput: () => false,
  graceMs: serverGraceMs,
  async run({ operands: [dir], options, report, signal }) {
    const annex = await openJobsIn(dir, options, {}, report);
    await closingInTheEnd(
      () => serveUntilInterrupted({ annex, share: {}, ui: "jobs" }, options, report, signal),
      () => annex.close(),
    );
  },
});
