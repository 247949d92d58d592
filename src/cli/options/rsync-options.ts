/** An option of rsync that a command does not have itself. */
interface RsyncOption {
  /** The letters that stand for it. */
  readonly letters: string;
  /** Its long name. */
  readonly name: string;
  /** True when it is taken, for what it asks for is so without it; false when it is refused. */
  readonly taken: boolean;
  /** True for one that is taken and has a value. */
  readonly hasValue: boolean;
  /** Why it changes nothing, or what to do instead. */
  readonly text: string;
}

type Row = readonly [letters: string, name: string, text: string];

const needless: readonly Row[] = [
  ["r", "recursive", "directories go with all that is in them"],
  ["l", "links", "links are sent as links"],
  ["t", "times", "modification times are carried"],
  ["S", "sparse", "long runs of zeros become holes"],
  ["y", "fuzzy", "content is found again under any name"],
  ["s", "secluded-args", "no shell takes paths apart"],
  ["", "protect-args", "no shell takes paths apart"],
  ["h", "human-readable", "figures are readable; alone, -h asks for help"],
  ["", "partial", "what came is used by the next run"],
  ["", "partial-dir", "what came is used by the next run; it lies in DST/.rsync-stream"],
  ["", "inc-recursive", "nothing waits for the end of the list"],
  ["", "no-inc-recursive", "what arrives is the same"],
  ["", "no-i-r", "what arrives is the same"],
  ["", "no-implied-dirs", "nothing but what is in SRC is sent"],
  ["", "no-motd", "there is no such message"],
];

const foreign: readonly Row[] = [
  ["v", "verbose", "every command has it"],
  ["q", "quiet", "every command has it"],
  ["P", "progress", "every command has it"],

  ["", "timeout", "push, pull, send and recv have it"],
  ["", "fsync", "pull and recv have it"],
  ["", "old-dirs", "directories go whole; use --exclude '/*/*'"],
  ["", "old-d", "directories go whole; use --exclude '/*/*'"],
  ["", "insecure-links", "links on the way are never followed"],
  ["", "confine-root", "nothing outside of DST is ever written"],
  ["", "drop-D", "use --no-special-files"],
  ["", "open-noatime", "mount SRC with noatime"],
  ["", "early-input", "there is no daemon; use --filter"],
  ["", "copy-devices", "devices are not read; leave it out"],
  ["", "write-devices", "devices are not written to; leave it out"],
  ["N", "crtimes", "times of creation cannot be set; leave it out"],
  ["", "super", "what a user may not set is reported; leave it out"],
  ["", "fake-super", "owners and devices need root at the receiver"],
  ["L", "copy-links", "push, pull and send have it"],
  ["", "copy-unsafe-links", "push, pull and send have it"],
  ["", "safe-links", "the receiver decides; recv has it"],
  ["", "munge-links", "links are sent as they are; leave it out"],
  ["k", "copy-dirlinks", "push, pull and send have it"],
  ["K", "keep-dirlinks", "the receiver decides; recv has it"],
  ["I", "ignore-times", "push, pull, sync and recv have it"],
  ["", "ignore-non-existing", "use --existing"],
  ["x", "one-file-system", "push, pull and send have it"],
  ["d", "dirs", "push, pull and send have it"],
  ["R", "relative", "push, pull and send have it"],
  ["m", "prune-empty-dirs", "push, pull and send have it"],
  ["", "files-from", "push, pull and send have it"],
  ["0", "from0", "push, pull and send have it"],
  ["fF", "filter", "push, pull, send and recv have filters"],
  ["C", "cvs-exclude", "push, pull, send and recv have filters"],
  ["", "exclude", "push, pull, send and recv have filters"],
  ["", "exclude-from", "push, pull, send and recv have filters"],
  ["", "include", "push, pull, send and recv have filters"],
  ["", "include-from", "push, pull, send and recv have filters"],
  ["", "remove-source-files", "push, pull and send have it"],
  ["b", "backup", "the receiver decides; recv has it"],
  ["", "backup-dir", "the receiver decides; recv has it"],
  ["", "suffix", "the receiver decides; recv has it"],
  ["", "compare-dest", "the receiver decides; recv has it"],
  ["", "copy-dest", "the receiver decides; recv has it"],
  ["", "link-dest", "the receiver decides; recv has it"],
  ["", "inplace", "push, pull, sync and recv have it"],
  ["", "append", "push, pull, sync and recv have it"],
  ["", "append-verify", "push, pull, sync and recv have it"],
  ["W", "whole-file", "only what is missing travels; leave it out"],
  ["B", "block-size", "chunks have one size for all; leave it out"],
  ["", "preallocate", "room is not taken in advance; leave it out"],
  ["T", "temp-dir", "new files are built in DST/.rsync-stream"],
  ["", "delay-updates", "each file gets its name when complete"],
  ["", "mkpath", "the receiver decides; recv has it"],
  ["", "del", "the receiver decides; recv has it"],
  ["", "delete-before", "the receiver decides; recv has it"],
  ["", "delete-during", "the receiver decides; recv has it"],
  ["", "delete-delay", "the receiver decides; recv has it"],
  ["", "delete-after", "the receiver decides; recv has it"],
  ["", "force", "the receiver decides; recv has it"],
  ["", "ignore-errors", "the receiver decides; recv has it"],
  ["", "ignore-missing-args", "SRC has to be there"],
  ["", "delete-missing-args", "SRC has to be there"],
  ["", "bwlimit", "send, push and pull have it"],
  ["", "stop-after", "push, pull and sync have it"],
  ["", "stop-at", "push, pull and sync have it"],
  ["", "contimeout", "push, pull and sync have it"],
  ["", "max-alloc", "memory is bounded; leave it out"],
  ["", "rsync-path", "use --remote-path"],
  ["M", "remote-option", "use --remote-path 'rsync-stream ...'"],
  ["", "port", "use -e 'ssh -p PORT', or a URL with a port"],
  ["4", "ipv4", "use -e 'ssh -4'"],
  ["6", "ipv6", "use -e 'ssh -6'"],
  ["", "address", "use -e 'ssh -b ADDRESS'"],
  ["", "sockopts", "use -e 'ssh -o ...'"],
  ["", "blocking-io", "leave it out"],
  ["", "password-file", "use --token-file"],
  ["", "compress-choice", "use --compress"],
  ["", "compress-level", "use --compress"],
  ["", "compress-threads", "use --compress"],
  ["", "skip-compress", "what does not shrink goes as it is"],
  ["", "checksum-choice", "send has --digest; leave it out"],
  ["", "checksum-seed", "leave it out"],
  ["", "iconv", "names travel byte by byte; leave it out"],
  ["", "protocol", "leave it out"],
  ["", "old-args", "no shell takes paths apart; leave it out"],
  ["", "trust-sender", "what a sender says is always checked"],
  ["", "copy-as", "run it as that user"],
  ["i", "itemize-changes", "push, pull and recv have it"],
  ["", "out-format", "push, pull and recv have it"],
  ["", "list-only", "use --dry-run and a DST that does not exist"],
  ["", "stats", "push, pull and recv have it"],
  ["", "info", "push, pull and recv have it"],
  ["", "debug", "use --verbose; RSYNC_STREAM_DEBUG=1"],
  ["", "log-file", "push, pull and recv have it"],
  ["", "log-file-format", "use --out-format"],
  ["", "stderr", "use 2>FILE"],
  ["", "outbuf", "leave it out"],
  ["8", "8-bit-output", "names are shown as they are; leave it out"],
  ["", "write-batch", "use send SRC > FILE"],
  ["", "only-write-batch", "use send SRC > FILE"],
  ["", "read-batch", "use recv DST < FILE"],
  ["", "daemon", "use serve"],
  ["e", "rsh", "push and pull reach a host"],
  ["D", "devices", "push, pull, send and recv have it"],
  ["", "specials", "push, pull, send and recv have it"],
  ["H", "hard-links", "push, pull, send and recv have it"],
  ["A", "acls", "push, pull, send and recv have it"],
  ["X", "xattrs", "push, pull, send and recv have it"],
  ["U", "atimes", "push, pull, send and recv have it"],
  ["a", "archive", "push, pull, send and recv have it"],
  ["p", "perms", "push, pull, send and recv have it"],
  ["E", "executability", "push, pull, send and recv have it"],
  ["", "chmod", "push, pull, send and recv have it"],
  ["o", "owner", "push, pull, send and recv have it"],
  ["g", "group", "push, pull, send and recv have it"],
  ["O", "omit-dir-times", "push, pull, send and recv have it"],
  ["J", "omit-link-times", "push, pull, send and recv have it"],
  ["", "numeric-ids", "push, pull, send and recv have it"],
  ["", "chown", "push, pull, send and recv have it"],
  ["", "usermap", "push, pull, send and recv have it"],
  ["", "groupmap", "push, pull, send and recv have it"],
  ["z", "compress", "it is the sender that compresses"],
  ["n", "dry-run", "the receiver tells; recv --dry-run"],
  ["", "delete", "the receiver deletes; recv --delete"],
  ["", "max-delete", "the receiver deletes; recv --delete"],
  ["", "delete-excluded", "it is for recv, push and pull"],
  ["", "min-size", "the receiver decides; recv has it"],
  ["", "max-size", "the receiver decides; recv has it"],
  ["", "ignore-existing", "the receiver decides; recv has it"],
  ["", "existing", "the receiver decides; recv has it"],
  ["@", "modify-window", "the receiver decides; recv has it"],
  ["", "size-only", "the receiver decides; recv has it"],
  ["c", "checksum", "the receiver decides; recv has it"],
  ["u", "update", "the receiver decides; recv has it"],
];

/** Those that are taken, and have a value. */
const withValue: ReadonlySet<string> = new Set(["partial-dir"]);

/** All of them: first those that are taken. */
export const rsyncOptions: readonly RsyncOption[] = [needless, foreign].flatMap((rows) =>
  rows.map(([letters, name, text]) => ({
    letters,
    name,
    taken: rows === needless,
    hasValue: withValue.has(name),
    text,
  })),
);

const byName = new Map(rsyncOptions.map((option) => [option.name, option]));
const byLetter = new Map(rsyncOptions.flatMap((option) => [...option.letters].map((one) => [one, option])));

/**
 * What an option of rsync comes to here. `no-` in front of a name or letter asks to do without:
 * that is so where the option is not taken, and cannot be where it is.
 *
 * @param name a long name or a letter
 */
export function findRsyncOption(name: string): Pick<RsyncOption, "taken" | "text" | "hasValue"> | undefined {
  const option = name.length === 1 ? byLetter.get(name) : byName.get(name);
  if (option !== undefined || !name.startsWith("no-")) return option;
  const denied = findRsyncOption(name.slice("no-".length));
  return denied && { taken: !denied.taken, text: denied.text, hasValue: false };
}
