import type { LinkMunging } from "./munged-link.ts";

/**
 * Which facts of a tree are kept, with rsync's meaning. A source tells those that it is asked for,
 * and a target sets no others, whatever it is told.
 */
export interface Keep {
  /** False to leave the modes of what is there alone, and to make new ones as the umask says. */
  readonly perms?: boolean;
  /**
   * True to carry setuid, setgid and sticky bits. False to take those of a file away with its
   * content where modes are left alone.
   */
  readonly specialBits?: boolean;
  /** True to carry, where modes are not, whether files may be executed. */
  readonly executability?: boolean;
  /** How modes are changed before they are set, as chmod(1) and rsync take it. */
  readonly chmod?: string;
  /** False to leave times as they come. */
  readonly times?: boolean;
  /** True to leave the times of directories as they come. */
  readonly omitDirTimes?: boolean;
  /** True to leave the times of links as they come. */
  readonly omitLinkTimes?: boolean;
  /** True to carry the time of the last access. */
  readonly atimes?: boolean;
  /** True to carry whose an entry is; who is not root may set no other than itself. */
  readonly owner?: boolean;
  /** True to carry the group; who is not root may set those that it is in. */
  readonly group?: boolean;
  /** True to take the numbers of owners as they are, whatever they are called. */
  readonly numericIds?: boolean;
  /** Whose files of whom become: `FROM:TO,...` as rsync's --usermap takes it. */
  readonly userMap?: string;
  /** The same of groups. */
  readonly groupMap?: string;
  /** True to carry block and character devices. */
  readonly devices?: boolean;
  /** True to carry FIFOs and sockets. */
  readonly specials?: boolean;
  /**
   * The end at which attributes of files stand for owners, devices and all else that only root may
   * set, as with rsync's --fake-super.
   */
  readonly fakeSuper?: "sender" | "receiver";
  /** True to have names of one file be names of one file. */
  readonly hardLinks?: boolean;
  /** True to carry extended attributes. */
  readonly xattrs?: boolean;
  /** True to carry access control lists. */
  readonly acls?: boolean;
  /** The end that changes what links hold so that they lead nowhere, or changes that back. */
  readonly munging?: LinkMunging;
}

/** What is kept where nothing else was asked for. */
export const plainKeep: Keep = Object.freeze({});

/**
 * What a stranger may ask a server to keep: what the user of the server gives to files of its own,
 * and what gives nobody else a way in.
 */
export function withoutPrivileges(keep: Keep): Keep {
  const plain = Object.entries(keep).filter(([name]) => !privileged.has(name));
  return { ...Object.fromEntries(plain), specialBits: false };
}

const privileged: ReadonlySet<string> = new Set<keyof Keep>([
  "acls",
  "devices",
  "fakeSuper",
  "group",
  "groupMap",
  "owner",
  "specialBits",
  "specials",
  "userMap",
  "xattrs",
]);
