import { SyncError } from "../../errors.ts";
import { parseChmod } from "../../tree/plan/chmod.ts";
import type { Keep } from "../../tree/plan/keep.ts";
import { parseOwnerMap } from "../../tree/plan/owner-map.ts";
import type { OrderEnd } from "../../tree/order/order.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";

/** Options about the facts that are kept, with rsync's meaning. */
export const keepOptions = {
  archive: {
    type: "boolean",
    short: "a",
    about: "keep owners, groups, all bits of modes, and devices",
    doc: "keep owners, groups, all bits of modes, devices, FIFOs and sockets, too; `-rlpt` is done always",
    unlike: "a server keeps no owners, and takes no devices, FIFOs, sockets and setuid bits",
  },
  perms: {
    type: "boolean",
    short: "p",
    about: "keep setuid, setgid and sticky bits, too",
    doc: "keep setuid, setgid and sticky bits, too; the other bits of modes are kept always",
    unlike: "modes are kept without it, but for setuid, setgid and sticky bits; a server takes none of these",
  },
  owner: {
    type: "boolean",
    short: "o",
    about: "keep the users whose files are; for root",
    doc: "keep the users whose files are, by name where DST knows it; who is not root can give away none",
    unlike: "not with a server",
  },
  group: {
    type: "boolean",
    short: "g",
    about: "keep the groups of files",
    doc: "keep the groups of files, by name where DST knows it; who is not root can give those that it is in",
    unlike: "not with a server",
  },
  executability: { type: "boolean", short: "E", about: "keep whether files may be run, with --no-perms" },
  chmod: {
    type: "string",
    multiple: true,
    value: "CHANGES",
    about: "change modes as chmod does, of D... directories, of F... files",
    doc: "change modes as `chmod` does before they are set, `D` before a change for directories only, `F` for files only",
  },
  acls: {
    type: "boolean",
    short: "A",
    about: "keep access control lists, and with them -p",
    unlike: "not with a server",
  },
  xattrs: {
    type: "boolean",
    short: "X",
    about: "keep extended attributes; of root all, of others user.*",
    doc: "keep extended attributes: for root all but those of the system, for others those in `user.`. Needs koffi, as does -A",
    unlike: "not with a server",
  },
  "special-files": {
    type: "boolean",
    short: "D",
    about: "keep devices, FIFOs and sockets; devices for root",
    unlike: "a server takes none",
  },
  devices: { type: "boolean", about: "keep devices; for root", unlike: "a server takes none" },
  specials: { type: "boolean", about: "keep FIFOs and sockets", unlike: "a server takes none" },
  "no-devices": { type: "boolean", about: "keep no devices, with -a or -D" },
  "no-specials": { type: "boolean", about: "keep no FIFOs and sockets, with -a or -D" },
  "no-special-files": { type: "boolean", about: "keep no devices, FIFOs and sockets, with -a" },
  "hard-links": {
    type: "boolean",
    short: "H",
    about: "keep names of one file as that",
    unlike: "another name of a new file may be the first",
    doc: "keep names of one file as that, also where files are up to date; those beside the first are linked at the end",
  },
  "fake-super": {
    type: "string",
    value: "END",
    choices: ["dst", "src"],
    bare: "dst",
    about: "have attributes of files stand for owners and devices at DST, for who is not root; or at SRC",
    doc: "have attributes of files stand for owners, devices and what else only root may set: `dst`, as without a value, at DST; `src` at SRC ([how](places.md#owners-without-root))",
    unlike:
      "is for DST, wherever that is, unless --fake-super=src is given; access control lists are set as they are; not at a server",
  },
  "munge-links": {
    type: "boolean",
    about: "have links lead nowhere that arrive here; give back what links held that are sent from here",
    unlike: "with push, sync from here and send they are given back, with pull and recv munged",
  },
  atimes: { type: "boolean", short: "U", about: "keep the times of the last access" },
  "omit-dir-times": { type: "boolean", short: "O", about: "leave the times of directories as they come" },
  "omit-link-times": { type: "boolean", short: "J", about: "leave the times of links as they come" },
  "no-perms": { type: "boolean", about: "leave modes as they are in DST; make new ones by the umask" },
  "no-owner": { type: "boolean", about: "keep no users, with -a" },
  "no-group": { type: "boolean", about: "keep no groups, with -a" },
  "no-times": { type: "boolean", about: "leave times as they come" },
  "numeric-ids": { type: "boolean", about: "keep the numbers of owners, whatever their names" },
  chown: {
    type: "string",
    value: "USER:GROUP",
    about: "make all files those of a user, a group, or both",
    unlike: "not with a server",
  },
  usermap: {
    type: "string",
    value: "RULES",
    about: "make files of some users those of others: FROM:TO,...",
    unlike: "not with a server",
  },
  groupmap: { type: "string", value: "RULES", about: "the same of groups", unlike: "not with a server" },
} as const satisfies OptionSpecs;

/**
 * Which facts are kept, as the options say.
 *
 * @param end which end of the transfer is here; the sender where both are
 * @throws USAGE
 */
export function keepOf(options: OptionValues<typeof keepOptions>, end: OrderEnd): Keep {
  const archive = options.archive === true;
  const asked = (name: "group" | "owner" | "perms" | "special-files"): boolean =>
    options[name] === true || (archive && options[`no-${name}`] !== true);
  const keepsNodes = (kind: "devices" | "specials"): boolean =>
    (asked("special-files") || options[kind] === true) && options[`no-${kind}`] !== true;
  const { userMap, groupMap } = mapsOf(options);
  return {
    ...(options["no-perms"] === true && { perms: false }),
    ...(options.executability === true && { executability: true }),
    ...(options.chmod !== undefined && { chmod: checkedChmod(options.chmod.join(",")) }),
    ...(options["omit-dir-times"] === true && { omitDirTimes: true }),
    ...(options["omit-link-times"] === true && { omitLinkTimes: true }),
    ...(options["no-times"] === true && { times: false }),
    ...((asked("perms") || options.acls === true) && { specialBits: true }),
    ...(options.acls === true && { acls: true }),
    ...(keepsNodes("devices") && { devices: true }),
    ...(keepsNodes("specials") && { specials: true }),
    ...(options["hard-links"] === true && { hardLinks: true }),
    ...(options["fake-super"] !== undefined && { fakeSuper: fakeEndOf(options["fake-super"]) }),
    ...(options["munge-links"] === true && { munging: end }),
    ...(options.xattrs === true && { xattrs: true }),
    ...(options.atimes === true && { atimes: true }),
    ...((asked("owner") || userMap !== undefined) && { owner: true }),
    ...((asked("group") || groupMap !== undefined) && { group: true }),
    ...(options["numeric-ids"] === true && { numericIds: true }),
    ...(userMap !== undefined && { userMap }),
    ...(groupMap !== undefined && { groupMap }),
  };
}

/**
 * A stream knows nothing of its other end.
 *
 * @throws USAGE where attributes are to stand for facts there
 */
export function checkFakeEnd(options: OptionValues<typeof keepOptions>, end: OrderEnd): void {
  const given = options["fake-super"];
  const fakeEnd = given === undefined ? end : fakeEndOf(given);
  if (fakeEnd === end) return;
  const hint = end === "receiver" ? "src is for send" : "it is for recv; --fake-super=src is for send";
  throw new SyncError("USAGE", `--fake-super: ${hint}`);
}

function fakeEndOf(end: "dst" | "src"): OrderEnd {
  return end === "dst" ? "receiver" : "sender";
}

function checkedChmod(text: string): string {
  parseChmod(text, 0);
  return text;
}

function mapsOf({ chown, groupmap, usermap }: OptionValues<typeof keepOptions>): {
  readonly userMap?: string | undefined;
  readonly groupMap?: string | undefined;
} {
  for (const map of [usermap, groupmap]) if (map !== undefined) parseOwnerMap(map);
  if (chown === undefined) return { userMap: usermap, groupMap: groupmap };
  const [, user, group] = /^([^:]*)(?::([^:]*))?$/.exec(chown) ?? [];
  if (user === undefined || (user === "" && !group))
    throw new SyncError("USAGE", `--chown takes USER, USER:GROUP or :GROUP, not "${chown}"`);
  if ((user !== "" && usermap !== undefined) || (group && groupmap !== undefined))
    throw new SyncError("USAGE", "--chown and a map say two things");
  return {
    userMap: user === "" ? usermap : `*:${user}`,
    groupMap: group ? `*:${group}` : groupmap,
  };
}
