import { SyncError } from "../../errors.ts";
import { parseEndpoint } from "../../transfer/endpoint.node.ts";
import type { Order } from "../../tree/order/order.ts";
import type { filterOptions } from "./filter-options.ts";
import { readNamedPaths } from "./named-paths.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import type { Report } from "../report/report.ts";

/** Options about what of a source is sent, with rsync's meaning. */
export const choiceOptions = {
  "copy-links": {
    type: "boolean",
    short: "L",
    about: "send what links lead to in their place",
    unlike: "a link to a directory that it lies in is reported; a server does not",
  },
  "copy-dirlinks": {
    type: "boolean",
    short: "k",
    about: "the same of links that lead to directories",
    unlike: "a server does not",
  },
  "copy-unsafe-links": {
    type: "boolean",
    about: "the same of links that lead out of the tree",
    unlike: "a server does not",
  },
  "one-file-system": {
    type: "boolean",
    short: "x",
    multiple: true,
    about: "send directories that file systems are mounted at as empty ones; given twice: leave them out",
    unlike: "the time of a directory is set, too, that something is mounted at",
  },
  "files-from": {
    type: "string",
    value: "FILE",
    about: "send only the paths below SRC that a file names, one a line; -: standard input",
    unlike: "the file is here; not with --delete",
  },
  from0: {
    type: "boolean",
    short: "0",
    about: "names and rules end in a zero byte in files that options name, not with the line",
    unlike: "not in files that directories have",
  },
  recursive: {
    type: "boolean",
    short: "r",
    about: "with --files-from: send what is in directories that it names, too; otherwise that is so",
    unlike: "is so without it, but for --files-from",
  },
  relative: {
    type: "boolean",
    short: "R",
    about: "keep the directories that SRC names; those behind a /./ where it has one",
    unlike: "not for a URL; not with --delete",
  },
  dirs: {
    type: "boolean",
    short: "d",
    about: "send directories without what is in them, but for SRC/ itself",
    unlike: "not with --delete",
  },
  "prune-empty-dirs": {
    type: "boolean",
    short: "m",
    about: "leave out directories that nothing but directories is in",
  },
  "remove-source-files": {
    type: "boolean",
    about: "remove files and links of SRC when all of it has arrived",
    unlike:
      "removes none when any entry failed, and no devices, FIFOs and sockets; not with --delete; a server removes none",
  },
} as const satisfies OptionSpecs;

/** The option of sources that are indexes. */
export const sourceStoreOption = {
  "source-store": {
    type: "string",
    value: "STORE",
    multiple: true,
    about: "send what SRC, an index, is of; STORE has the chunks",
  },
} as const satisfies OptionSpecs;

/** The option of those that talk to no other server. */
export const sourceTokenOption = {
  "token-file": {
    type: "string",
    value: "FILE",
    about: "show the token in this file (or RSYNC_STREAM_TOKEN) to the server of --source-store",
  },
} as const satisfies OptionSpecs;

/** How a source is read that is no directory. */
export interface SourceReading {
  readonly report: Report;
  /** True where files of the same size are compared by content; as options say unless given. */
  readonly comparesContent?: boolean;
  /** True where the token of the options may be shown to who has the content. */
  readonly showsToken?: boolean;
}

type Values = OptionValues<typeof choiceOptions & Pick<typeof filterOptions, "filter">>;

/** A source as it is opened, and what of it is sent. */
interface ChosenSource {
  readonly place: string;
  readonly order: Pick<
    Order,
    | "copyDirLinks"
    | "copyLinks"
    | "copyUnsafeLinks"
    | "flatDirs"
    | "omitsMountPoints"
    | "oneFileSystem"
    | "paths"
    | "prunesEmptyDirs"
    | "removesSourceFiles"
  >;
}

/** What of a source is sent, as the options say. @throws USAGE, LIMIT, NOT_FOUND, IO */
export function chooseSource(given: string, options: Values): ChosenSource {
  const { filter, relative = false, "files-from": file } = options;
  const flags: ChosenSource["order"] = {
    copyLinks: options["copy-links"],
    copyDirLinks: options["copy-dirlinks"],
    copyUnsafeLinks: options["copy-unsafe-links"],
    ...readFileSystemOption(options["one-file-system"]),
    prunesEmptyDirs: options["prune-empty-dirs"],
    flatDirs: options.dirs,
    removesSourceFiles: options["remove-source-files"],
  };
  if (file !== undefined) {
    const paths = readNamedPaths(file, options.from0 === true);
    return { place: withSlash(given), order: { ...flags, paths, flatDirs: options.recursive !== true } };
  }
  if (options.from0 === true && filter === undefined)
    throw new SyncError("USAGE", "--from0 is for --files-from, and for rules in files");
  if (!relative) return { place: given, order: flags };
  const { around, path } = splitPlace(given);
  return { place: around, order: { ...flags, paths: [path] } };
}

/** What is done about mount points: given once, they are sent as empty; given twice, not at all. */
export function readFileSystemOption(
  given: readonly boolean[] = [],
): Pick<Order, "omitsMountPoints" | "oneFileSystem"> {
  return given.length > 1 ? { omitsMountPoints: true } : { oneFileSystem: given.length === 1 };
}

/** Refuses deletion where a receiver could not know what is left out. @throws USAGE */
export function checkDeletion({
  flatDirs,
  maxDeletedCount,
  paths,
}: Pick<Order, "flatDirs" | "maxDeletedCount" | "paths">): void {
  if (maxDeletedCount !== undefined && (paths !== undefined || flatDirs === true))
    throw new SyncError("USAGE", "--delete does not go with --files-from, --relative and --dirs");
}

function withSlash(place: string): string {
  return place.endsWith("/") ? place : `${place}/`;
}

/** The directory that the path of a source begins in when that is kept. @throws USAGE */
function splitPlace(given: string): { readonly around: string; readonly path: string } {
  const { kind } = parseEndpoint(given);
  if (kind !== "local" && kind !== "ssh")
    throw new SyncError("USAGE", "--relative is for places here and HOST:PATH");
  const start = kind === "ssh" ? given.indexOf(":", given.indexOf("]") + 1) + 1 : 0;
  const [host, place] = [given.slice(0, start), given.slice(start)];
  const cut = place.indexOf("/./");
  if (cut >= 0) return { around: `${host}${place.slice(0, cut + 1)}`, path: place.slice(cut + 3) };
  const around = place.startsWith("/") ? "/" : "./";
  return { around: `${host}${around}`, path: place.replace(/^\/+/, "") };
}
