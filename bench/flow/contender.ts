/** A way to do the work of a flow, as a command line for the folder of a workbench. */
export interface Contender {
  readonly name: string;
  /**
   * With `$SRC` for what is copied, and `$PARENT` and `$NAME` for where it lies and how it is
   * called there.
   */
  readonly commandLine: string;
  /** The same over `./far`, where what travels is counted each way. */
  readonly overFar?: string;
  /** What has to be installed for it. */
  readonly needs?: string;
  /** Bytes that travelled, both ways together, by what it printed. */
  readonly wireBytes?: (output: string) => number;
}

function oneWay(name: string, flags: string): Contender {
  const send = `./measure send rsync-stream send ${flags}--json "$SRC"`;
  return {
    name,
    commandLine: `${send} | ./measure recv rsync-stream recv --quiet dest/`,
    wireBytes: sentBytes,
  };
}

/** Over `./far`, which leads to another host. */
function push(flags: string): string {
  return `./measure push rsync-stream push ${flags}--json -e ./far "$SRC" there:dest/`;
}

/** @param facts options of both ends */
function duplex(name: string, flags: string, facts = ""): Contender {
  const send = `./measure send rsync-stream send --duplex ${flags}${facts}--json "$SRC" < lap/back`;
  const recv = `./measure recv rsync-stream recv --duplex ${facts}--quiet dest/ > lap/back`;
  return { name, commandLine: `${send} | ${recv}`, overFar: push(flags + facts), wireBytes: sentBytes };
}

function rsync(flags: string, shell: "local" | "far" = "local"): Contender {
  const through = (name: string): string =>
    `./measure rsync rsync ${flags} --stats --no-human-readable -e ./${name} "$SRC" host:dest/`;
  return {
    name: `rsync ${flags}`,
    commandLine: through(shell),
    overFar: through("far"),
    needs: "rsync",
    wireBytes: (output) =>
      numberIn(output, /^Total bytes sent: (\d+)$/m) + numberIn(output, /^Total bytes received: (\d+)$/m),
  };
}

const ourPush: Contender = {
  name: "rsync-stream push",
  commandLine: push(""),
  overFar: push(""),
  wireBytes: sentBytes,
};

/** Every contender. Those of ours talk both ways unless their name says otherwise. */
export const contenders = {
  ours: duplex("rsync-stream", ""),
  oursCompressed: duplex("rsync-stream -z", "-z "),
  oursOneWay: oneWay("rsync-stream, one way", ""),
  oursArchive: duplex("rsync-stream -a", "", "-a "),
  oursFacts: duplex("rsync-stream -aHAX", "", "-aHAX "),
  rsync: rsync("-a"),
  rsyncFacts: rsync("-aHAX"),
  rsyncCompressed: rsync("-az"),
  rsyncSparse: rsync("-aS"),
  ourPush,
  rsyncFar: rsync("-a", "far"),
  tar: {
    name: "tar",
    commandLine: './measure pack tar cf - -C "$PARENT" "$NAME" | ./measure unpack tar xf - -C dest',
    needs: "tar",
  },
  ourVersion: {
    name: "rsync-stream --version",
    commandLine: "exec ./measure rsync-stream rsync-stream --version",
  },
  emptyNode: { name: "node -e 0", commandLine: "exec ./measure node node -e 0" },
} as const satisfies Record<string, Contender>;

/** Both directions together, by the summary of `send --json`. */
function sentBytes(output: string): number {
  return numberIn(output, /^\{"event":"summary".*"wireBytes":(\d+)/m);
}

function numberIn(output: string, pattern: RegExp): number {
  const digits = pattern.exec(output)?.[1];
  if (digits === undefined)
    throw new Error(`no ${pattern.source} in what was printed: ${output.slice(-500)}`);
  return Number(digits);
}
