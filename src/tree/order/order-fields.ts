import type { CompressionLevel } from "../../bytes/deflate.ts";
import { SyncError } from "../../errors.ts";
import { type FileRange, isRangeOfFile } from "./file-range.ts";
import { filterLimits } from "../filter/rule.ts";
import { type Check, choice, count, flag, record, text, texts } from "./checks.ts";
import type { Order, OrderEnd } from "./order.ts";

/** One field of an order. */
export interface OrderField<Value> {
  /** The option of commands that asks for it, where that is one. */
  readonly option?: string;
  /** The ends that carry it out. */
  readonly ends: readonly OrderEnd[];
  /** True when who asks for it has to be allowed to delete. */
  readonly deletes?: true;
  /** Checks the value that came from a peer. @throws BAD_MESSAGE */
  readonly check: Check<Value>;
}

/** Seconds of the longest window of times: a day. */
export const maxWindowSec = 86_400;

/** What is added to the name of a backup, unless something else is asked for. */
export const usualSuffix = "~";

/** Directories of one kind that may be named. */
export const maxPlaceCount = 20;

/** Paths that may be chosen of a source. */
export const maxChosenCount = 100_000;

const path = text(filterLimits.patternBytes);
const paths = texts({ count: maxPlaceCount, length: filterLimits.patternBytes });
/** Characters in the rules of how modes or owners are changed. */
const keepTextLength = 4096;

/** Bytes a second that a rate may be at most: an exbibyte would not fit a whole number. */
export const maxRate = 2 ** 50;

/** Characters in a rule of which snapshots stay. */
const maxRetentionLength = 200;

/** Characters in what a part of a tree is called. */
const maxPartLength = 13;

const sender = ["sender"] as const;
const receiver = ["receiver"] as const;
const both = ["sender", "receiver"] as const;

/** One of several parts of a tree: `2/5`. */
const partName: Check<string> = (value, name) => {
  const given = text(maxPartLength)(value, name);
  if (/^[1-9]\d*\/[1-9]\d*$/.test(given)) return given;
  throw new SyncError("BAD_MESSAGE", `"${name}" is no part`);
};

const rangeFields = record({ offset: count(), size: count(), fileBytes: count() });

/** A range of a file. */
const fileRange: Check<FileRange> = (value, name) => {
  const { offset = 0, size = 0, fileBytes = 0 } = rangeFields(value, name);
  if (isRangeOfFile({ offset, size, fileBytes })) return { offset, size, fileBytes };
  throw new SyncError("BAD_MESSAGE", `"${name}" is no range of a file`);
};

/** All fields of an order. */
export const orderFields: { readonly [Name in keyof Order]-?: OrderField<NonNullable<Order[Name]>> } = {
  dryRun: { option: "dry-run", ends: receiver, check: flag },
  maxDeletedCount: { option: "delete", ends: receiver, deletes: true, check: count() },
  deletesAfterErrors: { option: "ignore-errors", ends: receiver, deletes: true, check: flag },
  forcesDirs: { option: "force", ends: receiver, deletes: true, check: flag },
  refusesEmpty: { ends: receiver, check: flag },
  prunesEmptyDirs: { option: "prune-empty-dirs", ends: sender, check: flag },
  keepsDirLinks: { option: "keep-dirlinks", ends: receiver, check: flag },
  removesSourceFiles: { option: "remove-source-files", ends: sender, deletes: true, check: flag },
  makesPath: { option: "mkpath", ends: receiver, check: flag },
  copyLinks: { option: "copy-links", ends: sender, check: flag },
  copyDirLinks: { option: "copy-dirlinks", ends: sender, check: flag },
  copyUnsafeLinks: { option: "copy-unsafe-links", ends: sender, check: flag },
  oneFileSystem: { option: "one-file-system", ends: sender, check: flag },
  omitsMountPoints: { option: "one-file-system", ends: sender, check: flag },
  flatDirs: { option: "dirs", ends: sender, check: flag },
  paths: {
    option: "files-from",
    ends: sender,
    check: texts({ count: maxChosenCount, length: filterLimits.patternBytes }),
  },
  filter: {
    option: "filter",
    ends: both,
    check: texts({ count: filterLimits.ruleCount, length: 2 * filterLimits.patternBytes }),
  },
  deletesExcluded: { option: "delete-excluded", ends: both, check: flag },
  snapshot: { option: "snapshot", ends: receiver, check: flag },
  retention: { option: "retain", ends: receiver, deletes: true, check: text(maxRetentionLength) },
  store: { option: "store", ends: receiver, check: path },
  chunking: { ends: sender, check: choice("casync", "sha-256", "blake3") },
  preallocates: { option: "preallocate", ends: receiver, check: flag },
  restarts: { option: "restart", ends: receiver, check: flag },
  part: { ends: receiver, check: partName },
  fileRange: { ends: receiver, check: fileRange },
  inPlace: { option: "inplace", ends: receiver, check: flag },
  durability: { option: "fsync", ends: receiver, check: choice("files", "once", "all") },
  compressionLevel: { option: "compress-level", ends: sender, check: count(9, 1) as Check<CompressionLevel> },
  tellsChanges: { ends: sender, check: flag },
  bytesPerSecond: { option: "bwlimit", ends: sender, check: count(maxRate, 1) },
  rule: {
    ends: receiver,
    check: record({
      equality: choice("time", "size", "content"),
      windowSec: count(maxWindowSec),
      keepsNewer: flag,
      onlySafeLinks: flag,
      onlyExisting: flag,
      onlyNew: flag,
      onlyLonger: flag,
      minBytes: count(),
      maxBytes: count(),
    }),
  },
  backupDir: { option: "backup-dir", ends: receiver, check: path },
  tempDir: { option: "temp-dir", ends: receiver, check: path },
  backupSuffix: { option: "backup", ends: receiver, check: text(filterLimits.patternBytes) },
  compareDest: { option: "compare-dest", ends: receiver, deletes: true, check: paths },
  copyDest: { option: "copy-dest", ends: receiver, check: paths },
  linkDest: { option: "link-dest", ends: receiver, check: paths },
  keep: {
    ends: both,
    check: record({
      perms: flag,
      specialBits: flag,
      executability: flag,
      chmod: text(keepTextLength),
      times: flag,
      omitDirTimes: flag,
      omitLinkTimes: flag,
      atimes: flag,
      owner: flag,
      group: flag,
      numericIds: flag,
      userMap: text(keepTextLength),
      groupMap: text(keepTextLength),
      devices: flag,
      specials: flag,
      fakeSuper: choice("sender", "receiver"),
      hardLinks: flag,
      xattrs: flag,
      acls: flag,
      munging: choice("sender", "receiver"),
    }),
  },
};
