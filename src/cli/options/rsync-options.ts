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
  ["h", "human-readable", "figures are readable; without operands -h is help"],
  ["", "partial", "what came is used by the next run"],
  ["", "partial-dir", "what came is used by the next run; it lies in DST/.rsync-stream"],
  ["", "inc-recursive", "nothing waits for the end of the list"],
  ["", "no-inc-recursive", "what arrives is the same"],
  ["", "no-i-r", "what arrives is the same"],
  ["", "no-implied-dirs", "nothing but what is in SRC is sent"],
  ["", "no-motd", "there is no such message"],
];

const foreign: readonly Row[] = [
  ["", "fsync", "push, pull, sync and recv have it"],
  ["", "old-dirs", "directories go whole; use --exclude '/*/*'"],
  ["", "old-d", "directories go whole; use --exclude '/*/*'"],
  ["", "insecure-links", "links on the way are never followed"],
  ["", "confine-root", "nothing outside of DST is ever written"],
  ["", "drop-D", "use --no-special-files"],
  ["", "open-noatime", "mount SRC with noatime"],
  ["", "early-input", "there is no daemon; use --filter"],
  ["", "copy-devices", "devices are not read; leave it out"],
  ["", "write-devices", "devices are not written to; leave it out"],
  ["N", "crtimes", "Linux cannot set creation times; leave it out"],
  ["", "super", "what a user may not set is reported; leave it out"],
  ["", "ignore-non-existing", "use --existing"],
  ["W", "whole-file", "only what is missing travels; leave it out"],
  ["B", "block-size", "chunks have one size for all; leave it out"],
  ["", "delay-updates", "each file gets its name when complete"],
  ["", "ignore-missing-args", "SRC has to be there"],
  ["", "delete-missing-args", "SRC has to be there"],
  ["", "bwlimit", "send, push, pull and sync have it"],
  ["", "max-alloc", "memory is bounded; leave it out"],
  ["", "rsync-path", "use --remote-path"],
  ["M", "remote-option", "use --remote-path 'rsync-stream ...'"],
  ["", "port", "use -e 'ssh -p PORT', or a URL with a port"],
  ["4", "ipv4", "use -e 'ssh -4'"],
  ["6", "ipv6", "use -e 'ssh -6'"],
  ["", "address", "use -e 'ssh -b ADDRESS'"],
  ["", "sockopts", "use -e 'ssh -o ...'"],
  ["", "password-file", "use --token-file"],
  ["", "skip-compress", "what does not shrink goes as it is"],
  ["", "checksum-choice", "use --digest"],
  ["", "iconv", "names travel byte by byte; leave it out"],
  ["", "old-args", "no shell takes paths apart; leave it out"],
  ["", "trust-sender", "what a sender says is always checked"],
  ["", "copy-as", "run it as that user"],
  ["", "debug", "use --verbose; RSYNC_STREAM_DEBUG=1"],
  ["", "log-file-format", "use --out-format"],
  ["", "stderr", "use 2>FILE"],
  ["8", "8-bit-output", "names are shown as they are; leave it out"],
  ["", "write-batch", "use send SRC > FILE"],
  ["", "only-write-batch", "use send SRC > FILE"],
  ["", "read-batch", "use recv DST < FILE"],
  ["", "daemon", "use serve"],
  ["e", "rsh", "push and pull reach a host"],
  ["z", "compress", "it is the sender that compresses"],
  ["n", "dry-run", "the receiver tells; recv --dry-run"],
  ["", "delete", "the receiver deletes; recv --delete"],
  ["", "max-delete", "the receiver deletes; recv --delete"],
  ["", "delete-excluded", "it is for recv, push and pull"],
];

/**
 * Further ones, by what is said of several: names, each behind its letters and a colon where it
 * has some.
 */
const foreignByText: readonly (readonly [text: string, names: string])[] = [
  ["every command has it", "v:verbose q:quiet P:progress"],
  [
    "push, pull, sync, send and recv have it",
    "timeout munge-links D:devices specials H:hard-links fake-super A:acls X:xattrs U:atimes a:archive p:perms E:executability chmod o:owner g:group O:omit-dir-times J:omit-link-times numeric-ids chown usermap groupmap",
  ],
  [
    "push, pull, sync and send have it",
    "compress-level L:copy-links copy-unsafe-links k:copy-dirlinks x:one-file-system d:dirs R:relative m:prune-empty-dirs files-from 0:from0 remove-source-files",
  ],
  [
    "the receiver decides; recv has it",
    "safe-links K:keep-dirlinks b:backup backup-dir suffix compare-dest copy-dest link-dest mkpath del delete-before delete-during delete-delay delete-after force ignore-errors min-size max-size ignore-existing existing @:modify-window size-only c:checksum u:update",
  ],
  ["push, pull, sync and recv have it", "preallocate T:temp-dir I:ignore-times inplace append append-verify"],
  [
    "push, pull, send and recv have filters",
    "fF:filter C:cvs-exclude exclude exclude-from include include-from",
  ],
  ["push, pull and sync have it", "stop-after stop-at contimeout list-only"],
  ["leave it out", "blocking-io checksum-seed protocol outbuf"],
  ["use --compress", "compress-choice compress-threads"],
  ["push, pull, sync and recv have it", "i:itemize-changes out-format stats info log-file"],
];

/** Those that are taken, and have a value. */
const withValue: ReadonlySet<string> = new Set(["partial-dir"]);

const alsoForeign = foreignByText.flatMap(([text, names]) =>
  names.split(" ").map((word): Row => {
    const [name = "", letters = ""] = word.split(":").reverse();
    return [letters, name, text];
  }),
);

/** All of them: first those that are taken. */
export const rsyncOptions: readonly RsyncOption[] = [needless, foreign, alsoForeign].flatMap((rows) =>
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

/** The long name of a letter that is rsync's alone. */
export function rsyncNameOf(letter: string): string | undefined {
  return byLetter.get(letter)?.name;
}

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
