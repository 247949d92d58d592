import { blockAnswers } from "../../archive/tar-like/block-answers.node.ts";
import { statsAt } from "../../bytes/stats-at.node.ts";
import { closingInTheEnd } from "../../bytes/closing.ts";
import { SyncError } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import { formatBytes } from "../report/formatted-bytes.ts";
import { listenOptions, serverGraceMs, serveUntilInterrupted } from "../serving/listen.ts";

/** `tar-like receive DIR`: takes what tar-like sends. */
export const tarLikeReceive = defineCommand({
  operands: ["DIR"],
  options: {
    state: { type: "string", value: "FILE", about: "record in this file what has come; needed" },
    prefix: { type: "string", value: "PATH", about: "what paths of requests begin with; /tar/ unless given" },
    ...listenOptions,
  },
  writesOutput: () => false,
  graceMs: serverGraceMs,
  async run({ operands: [root], options, report, signal }) {
    const { state, prefix = "/tar/" } = options;
    if (state === undefined) throw new SyncError("USAGE", "--state FILE is needed, to record what has come");
    if (!/^\/(?:[\w.~-]+\/)+$/.test(prefix))
      throw new SyncError("USAGE", `--prefix takes a path such as /tar/, not "${prefix}"`);
    const there = statsAt(root);
    if (there?.isDirectory() !== true) {
      const what = there === undefined ? "no such directory" : "this is no directory";
      throw new SyncError("NOT_FOUND", what, { detail: { path: root } });
    }
    const annex = blockAnswers(prefix, root, state, {
      onTable: ({ archive, bytes, isFirst }) => {
        const which = isFirst ? "the table" : "another table";
        report.notice(`archive ${archive}: ${which} has come, of ${formatBytes(bytes)}`, { archive, bytes });
      },
      onComplete: (archive) => report.notice(`archive ${archive}: all files are in place`, { archive }),
    });
    await closingInTheEnd(
      () => serveUntilInterrupted({ annex, share: {} }, options, report, signal),
      () => annex.close(),
    );
  },
});
