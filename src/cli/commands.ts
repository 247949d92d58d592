import type { CommandTable } from "./command.ts";

/** All commands by name. */
export const commands: CommandTable = {
  push: {
    synopsis: "SRC [USER@]HOST:DST | URL [-e COMMAND] [-z] [--delete]",
    about: "bring a file or directory elsewhere up to date, over ssh or with a server",
    load: async () => (await import("./transfer/transfer-commands.ts")).push,
  },
  pull: {
    synopsis: "[USER@]HOST:SRC | URL [DST] [-e COMMAND] [--delete]",
    about: "bring a file or directory here up to date, over ssh or from a server",
    load: async () => (await import("./transfer/transfer-commands.ts")).pull,
  },
  sync: {
    synopsis: "SRC [DST] [--delete]",
    about: "bring one place up to date with another, each here, over ssh, or with a server",
    load: async () => (await import("./transfer/transfer-commands.ts")).sync,
  },
  check: {
    synopsis: "TREE REFERENCE [--repair] | TREE --index FILE",
    about: "compare a tree here with another one by content, wherever that is, or with its index",
    load: async () => (await import("./transfer/check.ts")).check,
  },
  serve: {
    synopsis: "ROOT [--listen HOST:PORT] [--token-file FILE]",
    about: "let others push to a directory and pull from it, over WebSocket and HTTP",
    load: async () => (await import("./serving/serve.ts")).serve,
  },
  jobs: {
    synopsis: "DIR --place NAME=PLACE [--listen HOST:PORT]",
    about: "carry out transfers that others ask for, on a page or by calls, now or at their times",
    load: async () => (await import("./serving/jobs.ts")).jobs,
  },
  relay: {
    synopsis: "UPSTREAM [--listen HOST:PORT] [--store DIR] [--cafs]",
    about: "receive a tree once and pass it on to many while it still comes",
    load: async () => (await import("./serving/relay.ts")).relay,
  },
  fetch: {
    synopsis: "URL DST [--have PATH]",
    about: "fetch a file from a server as CAFS does: only the chunks that are missing here",
    load: async () => (await import("./exchange/fetch.ts")).fetch,
  },
  send: {
    synopsis: "SRC [--have LIST] [--duplex] [-z]",
    about: "write a file or directory to standard output as one stream",
    load: async () => (await import("./transfer/send.ts")).send,
  },
  recv: {
    synopsis: "DST [--duplex] [--fsync] [--delete]",
    about: "bring a file or directory up to date from the stream on standard input",
    load: async () => (await import("./transfer/recv.ts")).recv,
  },
  join: {
    synopsis: "ID",
    about: "add a connection to a session, over standard input and output; push --jobs uses it",
    load: async () => (await import("./transfer/join.ts")).joinSession,
  },
  have: {
    synopsis: "DST > LIST",
    about: "list what a file or directory holds, for send --have",
    load: async () => (await import("./transfer/have.ts")).have,
  },
  info: {
    synopsis: "SRC [--perm K] [--seed N] > INFO",
    about: "describe a file: its SyncInfo, as JSON",
    load: async () => (await import("./exchange/exchange-commands.ts")).info,
  },
  wish: {
    synopsis: "INFO [--have DST] > WISH",
    about: "say which chunks of a described file are missing here: the wishlist",
    load: async () => (await import("./exchange/exchange-commands.ts")).wish,
  },
  data: {
    synopsis: "SRC INFO WISH > DATA",
    about: "write the chunks that a wishlist asks for",
    load: async () => (await import("./exchange/exchange-commands.ts")).data,
  },
  apply: {
    synopsis: "INFO DATA DST [--have PATH]",
    about: "rebuild the described file from those chunks and what is here",
    load: async () => (await import("./exchange/exchange-commands.ts")).apply,
  },
  chunks: {
    synopsis: "FILE... [--cutter NAME] [--size N] [--handprint[=N]]",
    about: "show how files are cut",
    load: async () => (await import("./exchange/chunks.ts")).chunks,
  },
  "index tree": {
    synopsis: "TREE -o FILE [--update] [--digest NAME]",
    about: "write an index of a tree: its paths with sizes, times and digests",
    isUsual: true,
    load: async () => (await import("./archive/archive-commands.ts")).indexTree,
  },
  "index show": {
    synopsis: "FILE [--long]",
    about: "show what an index of a tree holds",
    load: async () => (await import("./archive/archive-commands.ts")).indexShow,
  },
  "index import": {
    synopsis: "LISTING -o FILE [--columns NAMES]",
    about: "write an index of files that others have listed: CSV, JSON lines, an S3 inventory",
    load: async () => (await import("./archive/archive-commands.ts")).indexImport,
  },
  "index diff": {
    synopsis: "FILE OTHER",
    about: "tell how one tree differs from another, by their indexes",
    load: async () => (await import("./archive/archive-commands.ts")).indexDiff,
  },
  "index make": {
    synopsis: "INDEX FILE [--store STORE] [--chunk-size SIZES]",
    about: "cut a file as casync and desync do, into a store of theirs",
    load: async () => (await import("./casync/commands.ts")).indexMake,
  },
  "index list": {
    synopsis: "INDEX [--long]",
    about: "list the chunks of an index",
    load: async () => (await import("./casync/commands.ts")).indexList,
  },
  "index verify": {
    synopsis: "INDEX FILE",
    about: "say whether a file is what an index says",
    load: async () => (await import("./casync/commands.ts")).indexVerify,
  },
  "index extract": {
    synopsis: "INDEX FILE --store STORE [--seed SEED] [-k]",
    about: "bring back the file that an index is of",
    load: async () => (await import("./casync/commands.ts")).indexExtract,
  },
  "index cat": {
    synopsis: "INDEX --store STORE [--offset N] [--length N]",
    about: "write the content that an index is of, or a part of it",
    load: async () => (await import("./casync/commands.ts")).indexCat,
  },
  "index cache": {
    synopsis: "STORE INDEX... --store STORE",
    about: "copy the chunks of indexes into another store",
    load: async () => (await import("./casync/commands.ts")).indexCache,
  },
  "index push": {
    synopsis: "INDEX HOST:INDEX HOST:STORE --store STORE",
    about: "give an index and its chunks to casync at another host",
    load: async () => (await import("./casync/commands.ts")).indexPush,
  },
  "index tar": {
    synopsis: "ARCHIVE DIR [--store STORE]",
    about: "pack a tree into an archive of casync, or its chunks into a store",
    load: async () => (await import("./casync/commands.ts")).indexTar,
  },
  "index untar": {
    synopsis: "ARCHIVE DIR [--store STORE] [--devices]",
    about: "unpack an archive of casync, or one whose chunks are in a store",
    load: async () => (await import("./casync/commands.ts")).indexUntar,
  },
  "index mount": {
    synopsis: "INDEX DIR --store STORE [-o OPTIONS]",
    about: "show what an index or archive is of as files to read, by FUSE",
    load: async () => (await import("./casync/commands.ts")).indexMount,
  },
  "store verify": {
    synopsis: "STORE [--repair] [--repair-from STORE]",
    about: "find damaged chunks in a store of casync or desync",
    load: async () => (await import("./casync/commands.ts")).storeVerify,
  },
  "store serve": {
    synopsis: "STORE... [--listen HOST:PORT] [--cache STORE]",
    about: "let others fetch chunks of casync and desync over HTTP",
    load: async () => (await import("./casync/commands.ts")).storeServe,
  },
  "store sync": {
    synopsis: "SRC DST [--index INDEX]",
    about: "give a store the chunks of another that it lacks, here or over ssh",
    load: async () => (await import("./casync/commands.ts")).storeSync,
  },
  "store send": {
    synopsis: "STORE [--index INDEX]",
    about: "offer chunks over standard input and output: what store sync runs elsewhere",
    load: async () => (await import("./casync/commands.ts")).storeSend,
  },
  "store recv": {
    synopsis: "STORE",
    about: "take the chunks that a store lacks, over standard input and output",
    load: async () => (await import("./casync/commands.ts")).storeRecv,
  },
  "store prune": {
    synopsis: "STORE INDEX... [--dry-run] [--older-than HOURS]",
    about: "remove the chunks that no index names",
    load: async () => (await import("./casync/commands.ts")).storePrune,
  },
  "bucket sync": {
    synopsis: "SRC DST [--delete] [--dry-run] [--compare HOW]",
    about: "bring a bucket or directory up to date with another, whatever happens on the way",
    load: async () => (await import("./bucket/bucket-commands.ts")).bucketSync,
  },
  "bucket check": {
    synopsis: "SRC DST [--samples K] [--seed S] [--from-state]",
    about: "say whether objects drawn at random are the same at both sides",
    load: async () => (await import("./bucket/bucket-commands.ts")).bucketCheck,
  },
  "bucket push": {
    synopsis: "TREE STORE [--name NAME]",
    about: "keep a tree or file in a bucket as a new version, of which only new chunks are sent",
    load: async () => (await import("./bucket/bucket-commands.ts")).bucketPush,
  },
  "bucket pull": {
    synopsis: "STORE DST [--name NAME] [--at VERSION]",
    about: "bring back a version of a tree or file",
    load: async () => (await import("./bucket/bucket-commands.ts")).bucketPull,
  },
  "bucket list": {
    synopsis: "STORE [NAME]",
    about: "list the versions that are kept in a bucket",
    load: async () => (await import("./bucket/bucket-commands.ts")).bucketList,
  },
  "bucket prune": {
    synopsis: "STORE [--keep N] [--dry-run]",
    about: "remove old versions, and the chunks that none has",
    load: async () => (await import("./bucket/bucket-commands.ts")).bucketPrune,
  },
  "tar-like receive": {
    synopsis: "DIR --state FILE [--listen HOST:PORT]",
    about: "take what tar-like sends: tables and blocks",
    load: async () => (await import("./archive/archive-commands.ts")).tarLikeReceive,
  },
  "tar-like send": {
    synopsis: "TREE URL [--index FILE] [--state FILE]",
    about: "send files to a receiver of tar-like, block for block",
    load: async () => (await import("./archive/archive-commands.ts")).tarLikeSend,
  },
  doctor: {
    synopsis: "[--host HOST] [--dir DIR]",
    about: "tell what this machine has for a transfer, and what is missing for what",
    load: async () => (await import("./about/about-commands.ts")).doctor(commands),
  },
  completion: {
    synopsis: "bash | zsh | fish",
    about: "print what lets a shell complete commands and options",
    load: async () => (await import("./about/about-commands.ts")).completion(commands),
  },
  man: {
    synopsis: "> rsync-stream.1",
    about: "print the manual page",
    load: async () => (await import("./about/about-commands.ts")).man(commands),
  },
};
