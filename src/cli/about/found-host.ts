import { spawn } from "node:child_process";
import { SyncError } from "../../errors.ts";
import { splitWords } from "../../transfer/shell-words.node.ts";
import { oldestNodeMajor } from "../far-end/oldest-node.ts";
import type { Finding } from "./finding.ts";

/** What is asked there, a line of answer each; an absent program is an empty line. */
const questions =
  "(rsync-stream version || echo) 2>/dev/null; (node --version || echo) 2>/dev/null; uname -sm || echo";
/** Enough for the answers, whatever a shell prints in front of them. */
const mostBytes = 65_536;

/** What there is at a host, over the remote shell. */
export async function findHost(host: string, rsh: string, signal: AbortSignal): Promise<readonly Finding[]> {
  const [command, ...args] = splitWords(rsh);
  const { code, output } = await run(command, [...args, host, questions], signal);
  const [program = "", node = "", system = ""] = output.split("\n").slice(-4);
  if (code !== 0) return [wrong(host, new SyncError("PEER_GONE", `${command} ended with ${code}`))];
  return [
    { name: host, state: "ok", detail: system },
    node === ""
      ? { name: "Node.js there", state: "missing", detail: "rsync-stream needs it there" }
      : { name: "Node.js there", state: "ok", detail: node },
    findProgram(program, node),
  ];
}

/** What runs at the other end: the program that is there, or one that is sent to Node.js. */
function findProgram(program: string, node: string): Finding {
  const name = "rsync-stream there";
  if (program !== "") return { name, state: "ok", detail: program };
  if (Number(/^v(\d+)/.exec(node)?.[1]) >= oldestNodeMajor)
    return { name, state: "missing", detail: "it is sent there, unless --no-bootstrap is given" };
  const lack = `neither rsync-stream nor Node.js ${oldestNodeMajor} is in the PATH that commands have there`;
  return wrong(name, new SyncError("NOT_FOUND", lack));
}

function wrong(name: string, error: SyncError): Finding {
  return { name, state: "wrong", detail: error.message, error };
}

async function run(command: string, args: readonly string[], signal: AbortSignal) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], signal });
  let output = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text: string) => (output = (output + text).slice(-mostBytes)));
  return new Promise<{ code: number | string; output: string }>((resolve, reject) => {
    child.once("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code !== "ENOENT") return reject(cause);
      resolve({ code: "no such command", output });
    });
    child.once("close", (code, by) => resolve({ code: code ?? by ?? 1, output }));
  });
}
