import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { builtCli } from "../built.ts";
import { freshFolder, rsyncStream, runShell } from "./run.ts";
import { plant } from "./trees.ts";

/** A stand-in for ssh: says something before it runs what it is told to. */
function remoteShell(folder: string, before: string): string {
  plant(folder, { ssh: `shift; ${before}; exec sh -c "$*"` });
  return `sh ${join(folder, "ssh")}`;
}

const remotePath = ["--remote-path", `${process.execPath} ${builtCli()}`, "--retries", "0"];

describe.each(["push", "pull"])("%s", (name) => {
  const operands = (folder: string) => (name === "push" ? [folder, "host:copy"] : ["host:.", folder]);

  it("shows what start files print, and where to look", async () => {
    const folder = freshFolder();
    const shell = remoteShell(folder, String.raw`printf '\n\033[1mWelcome\033[0m to this host\nmore\n'`);
    const { code, stderr } = await rsyncStream([name, ...operands(folder), "-e", shell, ...remotePath]);
    expect(stderr).toContain(String.raw`but says "\x1b[1mWelcome\x1b[0m to this host"; over ssh, see`);
    expect(stderr).toContain("~/.bashrc");
    expect(code).toBe(1);
  });

  it("says what helps when nothing of that name is there", async () => {
    const folder = freshFolder();
    const shell = remoteShell(folder, "true");
    const { code, stderr } = await rsyncStream([
      ...[name, ...operands(folder), "-e", shell],
      ...["--remote-path", "rsync-stream-of-nobody"],
    ]);
    expect(stderr).toMatch(/sh exited with 127: .*not found; .*--remote-path/);
    expect(code).toBe(1);
  });

  it("tells a failure of the other end with its own code, and does not try again", async () => {
    const folder = freshFolder();
    const shell = remoteShell(folder, `echo >> ${join(folder, "tries")}`);
    const nowhere = join(folder, "no/such/place");
    const operands =
      name === "push" ? [folder, `host:${nowhere}`] : [`host:${nowhere}`, join(folder, "copy")];
    const line = [name, ...operands, "-e", shell, ...remotePath.slice(0, 2)];
    const { code, stderr } = await rsyncStream(line);
    expect(stderr).toMatch(/^rsync-stream: other end: [^\n]* \(NOT_FOUND\)\n$/);
    expect(readFileSync(join(folder, "tries"), "utf8")).toBe("\n");
    expect(code).toBe(1);
  });

  it("tells that the other end does not know an option", async () => {
    const folder = freshFolder();
    const shell = remoteShell(folder, "true");
    const program = ["--remote-path", `${process.execPath} ${builtCli()} --frob`];
    const { code, stderr } = await rsyncStream([name, ...operands(folder), "-e", shell, ...program]);
    expect(stderr).toBe("rsync-stream: other end: unknown option --frob (USAGE)\n");
    expect(code).toBe(1);
  });

  it.each(["http", "ws"])("shows the title of a page that came over %s", async (protocol) => {
    const page = "<!DOCTYPE html>\n<title>Sign in</title>";
    const server = createServer((_, response) => response.writeHead(403).end(page));
    server.on("upgrade", (_, socket) => {
      socket.end(`HTTP/1.1 403 No\r\nContent-Length: ${page.length}\r\n\r\n${page}`);
    });
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const url = `${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
    const folder = freshFolder();
    const { code, stderr } = await rsyncStream(
      name === "push" ? ["push", folder, url] : ["pull", url, folder],
    );
    expect(stderr).toContain('the server answered with status 403 and "Sign in"');
    expect(code).toBe(6);
  });
});

it("recv shows what came in front of a stream", async () => {
  const { code, stderr } = await runShell('(echo Hello; $RS send "$1") | $RS recv "$1/copy"', freshFolder());
  expect(stderr).toContain('but says "Hello"; over ssh, see');
  expect(code).toBe(1);
});
