import { closingInTheEnd } from "../../bytes/closing.ts";
import { pathOf } from "../../bytes/byte-path.node.ts";
import { SyncError } from "../../errors.ts";
import type { DirShareOptions } from "../../http/dir-share.node.ts";
import type { JobAnswers } from "../../jobs/job-answers.node.ts";
import { defineCommand, type OptionValues } from "../command.ts";
import type { Report } from "../report/report.ts";
import { chunkLimitOf, chunkLimitOption } from "../options/chunk-limit.ts";
import { jobOptions, openJobsIn } from "./job-options.ts";
import { listenOptions, serverGraceMs, serveUntilInterrupted } from "./listen.ts";
import type { ServedChunks } from "./served-chunks.ts";
import { receiveLimitOptions, receiveLimitsOf } from "../options/receive-limits.ts";

/** `serve ROOT`: lets others push and pull. */
export const serve = defineCommand({
  operands: ["ROOT"],
  options: {
    "read-only": { type: "boolean", about: "let nobody push" },
    ui: { type: "boolean", about: "offer a page to push and pull with in a browser, at the top" },
    chunks: {
      type: "string",
      value: "STORE",
      multiple: true,
      about: "offer this store of chunks, too, at /-/chunks/",
    },
    "take-chunks": { type: "boolean", about: "take chunks, too, into the only --chunks" },
    indexes: { type: "string", value: "STORE", about: "offer the indexes in this place at /-/indexes/" },
    "take-indexes": { type: "boolean", about: "take indexes, too" },
    fsync: { type: "boolean", about: "wait for the disk before a pushed file gets its name" },
    ...receiveLimitOptions,
    jobs: {
      type: "string",
      value: "DIR",
      about: "carry out jobs, too, which are kept in this directory",
    },
    ...jobOptions,
    "world-writable": { type: "boolean", about: "let pushed modes allow everybody to write" },
    ...chunkLimitOption,
    ...listenOptions,
  },
  writesOutput: () => false,
  graceMs: serverGraceMs,
  async run({ operands: [root], options, report, signal }) {
    const offer = {
      root: pathOf(root),
      readOnly: options["read-only"] === true,
      durable: options.fsync === true,
      worldWritable: options["world-writable"] === true,
      ui: options.ui === true,
      ...receiveLimitsOf(options),
      ...chunkLimitOf(options),
    };
    const stored = await openStored(options, report);
    const mirror = stored.chunks?.mirror;
    const annex = await openAnnex(root, options, offer, report);
    await closingInTheEnd(
      () =>
        serveUntilInterrupted(
          { ...offer, ...stored, ...(mirror && { mirror }), ...(annex && { annex }) },
          options,
          report,
          signal,
        ),
      async () => {
        await annex?.close();
        await Promise.all(Object.values(stored).map((one) => one.close()));
      },
    );
  },
});

/** Opens what is stored and offered beside the tree. @throws USAGE, NOT_FOUND */
async function openStored(
  options: {
    readonly chunks?: readonly string[];
    readonly "take-chunks"?: boolean;
    readonly indexes?: string;
    readonly "take-indexes"?: boolean;
    readonly "read-only"?: boolean;
  },
  report: Report,
): Promise<{ readonly chunks?: ServedChunks; readonly indexes?: ServedChunks }> {
  const { chunks = [], indexes, "read-only": isReadOnly } = options;
  const takesChunks = options["take-chunks"] === true;
  const takesIndexes = options["take-indexes"] === true;
  if (takesChunks && (chunks.length !== 1 || isReadOnly === true))
    throw new SyncError("USAGE", "--take-chunks needs one --chunks, and no --read-only");
  if (takesIndexes && (indexes === undefined || isReadOnly === true))
    throw new SyncError("USAGE", "--take-indexes needs --indexes, and no --read-only");
  if (chunks.length === 0 && indexes === undefined) return {};
  const { serveChunks, serveIndexes } = await import("./served-chunks.ts");
  return {
    ...(chunks.length > 0 && { chunks: serveChunks(chunks, takesChunks, report) }),
    ...(indexes !== undefined && { indexes: serveIndexes(indexes, takesIndexes, report) }),
  };
}

/** Jobs, where they are asked for. @throws USAGE, NOT_FOUND, IO, LOCKED */
async function openAnnex(
  root: string,
  options: OptionValues<typeof jobOptions> & { readonly jobs?: string },
  {
    readOnly,
    durable,
    worldWritable,
  }: Required<Pick<DirShareOptions, "readOnly" | "durable" | "worldWritable">>,
  report: Report,
): Promise<JobAnswers | undefined> {
  const { jobs, ...values } = options; // to reach a place, --jobs is a number of connections
  if (jobs !== undefined) return openJobsIn(jobs, values, { root, readOnly, durable, worldWritable }, report);
  const names = Object.keys(jobOptions) as (keyof typeof jobOptions)[];
  const stray = names.find((name) => options[name] !== undefined);
  if (stray !== undefined) throw new SyncError("USAGE", `--${stray} is for --jobs`);
  return undefined;
}
