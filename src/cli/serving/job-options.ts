import { join } from "node:path";
import { pathOf } from "../../bytes/byte-path.node.ts";
import { SyncError } from "../../errors.ts";
import { dirShare, type DirShareOptions } from "../../http/dir-share.node.ts";
import { checkFixed } from "../../jobs/check-fixed.node.ts";
import { parseFixed } from "../../jobs/fixed-fields.ts";
import { type JobAnswers, openJobs } from "../../jobs/job-answers.node.ts";
import { type JobPlace, JobPlaces } from "../../jobs/job-places.node.ts";
import { makeDirs } from "../../bytes/make-dirs.node.ts";
import { isBucket, parseEndpoint } from "../../transfer/endpoint.node.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import { readCount } from "../options/arguments.ts";
import { readConnectorOptions, remoteOptions } from "../options/remote-options.ts";
import type { Report } from "../report/report.ts";

const { rsh, ca, "remote-path": remotePath, "no-bootstrap": noBootstrap } = remoteOptions;

/** What jobs may use, and how many at one time. */
export const jobOptions = {
  place: {
    type: "string",
    value: "NAME=PLACE",
    multiple: true,
    about: "let jobs use this place: a directory, HOST:PATH, a URL, or, to go from, s3://BUCKET/PREFIX",
  },
  "place-token": {
    type: "string",
    value: "NAME=FILE",
    multiple: true,
    about: "show the token in this file to the server of that place",
  },
  fix: {
    type: "string",
    value: "FIELD=VALUE",
    multiple: true,
    about: "give all jobs this value of a field, such as to=backup/mine",
  },
  running: { type: "string", value: "N", about: "jobs at one time; 4 unless given" },
  "running-per-client": { type: "string", value: "N", about: "of one client; 2 unless given" },
  rsh,
  "remote-path": remotePath,
  "no-bootstrap": noBootstrap,
  ca,
} as const satisfies OptionSpecs;

type Values = OptionValues<typeof jobOptions>;

/** What a server is told about itself, by names that also options of transfers have. */
interface OwnOfServer {
  readonly jobs?: string;
  readonly "token-file"?: string;
}

/** What is offered beside the places that the options name. */
interface Offer extends DirShareOptions {
  /** A directory that is the place `root`. */
  readonly root?: string;
}

/**
 * Opens jobs that are kept in a directory.
 *
 * @throws USAGE, NOT_FOUND, PATH, IO, LOCKED while another process has them
 */
export async function openJobsIn(
  dir: string,
  values: Values,
  offer: Offer,
  report: Report,
): Promise<JobAnswers> {
  const { root, ...share } = offer;
  const named = await Promise.all(
    (values.place ?? []).map(async (text) => placeOf(text, values, share, report)),
  );
  const own = root === undefined ? [] : [{ name: "root", share: dirShare(pathOf(root), share) }];
  const places = new JobPlaces([...own, ...named]);
  if (places.names.length === 0) throw new SyncError("USAGE", "jobs need a --place to go from and to");
  const fixed = Object.fromEntries((values.fix ?? []).map(parseFixed));
  checkFixed(fixed, places);
  makeDirs(dir, 0o700);
  const runningCount = readCount("running", values.running, 1, 1000);
  const perClient = readCount("running-per-client", values["running-per-client"], 1, 1000);
  return openJobs(join(dir, "jobs.sqlite"), places, {
    fixed,
    ...(runningCount !== undefined && { runningCount }),
    ...(perClient !== undefined && { runningPerClientCount: perClient }),
  });
}

async function placeOf(
  text: string,
  values: Values,
  share: DirShareOptions,
  report: Report,
): Promise<JobPlace> {
  const [name, place] = splitPair("place", text);
  if (isBucket(place))
    return { name, share: await (await import("../bucket/bucket-source.ts")).bucketShareAt(place) };
  const endpoint = parseEndpoint(place);
  const token = tokensOf(values).get(name);
  if (endpoint.kind === "local") {
    if (token !== undefined) throw new SyncError("USAGE", `${name} is a place here, and needs no token`);
    return { name, share: dirShare(pathOf(endpoint.path), share) };
  }
  const { jobs: _jobs, "token-file": _tokens, ...common } = values as Values & OwnOfServer;
  const own = { ...common, ...(token !== undefined && { "token-file": token }) };
  const access = readConnectorOptions(endpoint, own, report);
  const { onRemoteText: _text, ...reached } = access; // a job has a log of its own
  return { name, place, access: token === undefined ? { ...reached, headers: {} } : reached };
}

function tokensOf(values: Values): ReadonlyMap<string, string> {
  return new Map((values["place-token"] ?? []).map((text) => splitPair("place-token", text)));
}

function splitPair(option: string, text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1)
    throw new SyncError("USAGE", `--${option} takes NAME=VALUE, not "${text}"`);
  return [text.slice(0, at), text.slice(at + 1)];
}
