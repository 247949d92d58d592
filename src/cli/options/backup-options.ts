import { SyncError } from "../../errors.ts";
import { usualSuffix } from "../../tree/order/order-fields.ts";
import type { Order } from "../../tree/order/order.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";

/** Options about what becomes of files that are replaced or deleted. */
export const backupOptions = {
  backup: {
    type: "boolean",
    short: "b",
    about: "keep files that are replaced or deleted, as NAME~ beside them",
    unlike:
      "a file of which only mode or time is set has no backup, one named like a backup has one where a directory comes; times of directories are set",
    doc: "keep files that are replaced or deleted, as `NAME~` beside them ([how](places.md#backups))",
  },
  "backup-dir": {
    type: "string",
    value: "DIR",
    about: "keep them in DIR, which is relative to DST, under their paths",
    unlike: "what is in it is never deleted",
  },
  suffix: { type: "string", value: "TEXT", about: "what backups have at the end of their names" },
} as const satisfies OptionSpecs;

/** Options about further directories at the destination that files may be in. */
export const alternativeOptions = {
  "link-dest": {
    type: "string",
    multiple: true,
    value: "DIR",
    about: "link to files that are equal in DIR, which is relative to DST",
    unlike: "a directory that is not there is passed over without a word; what is found is told as new",
    doc: "link to files that are equal in DIR, which is relative to DST ([more](places.md#other-directories-to-take-files-from))",
  },
  "copy-dest": {
    type: "string",
    multiple: true,
    value: "DIR",
    about: "copy files that are equal in DIR",
    unlike: "a directory that is not there is passed over without a word; what is found is told as new",
  },
  "compare-dest": {
    type: "string",
    multiple: true,
    value: "DIR",
    about: "leave out files that are equal in DIR",
    unlike:
      "a directory that is not there is passed over without a word; what goes away for what is found is told as deleted",
  },
} as const satisfies OptionSpecs;

/** @throws USAGE */
export function backupsOf(
  options: OptionValues<typeof backupOptions>,
): Pick<Order, "backupDir" | "backupSuffix"> {
  const { backup, suffix, "backup-dir": backupDir } = options;
  if (backupDir !== undefined) return { backupDir, ...(suffix !== undefined && { backupSuffix: suffix }) };
  if (backup === true) return { backupSuffix: suffix ?? usualSuffix };
  if (suffix !== undefined) throw new SyncError("USAGE", "--suffix is for --backup");
  return {};
}

/** The directories that are named. */
export function alternativesOf(
  options: OptionValues<typeof alternativeOptions>,
): Pick<Order, "compareDest" | "copyDest" | "linkDest"> {
  const { "compare-dest": compareDest, "copy-dest": copyDest, "link-dest": linkDest } = options;
  return {
    ...(compareDest && { compareDest }),
    ...(copyDest && { copyDest }),
    ...(linkDest && { linkDest }),
  };
}
