import { execFileSync, spawn } from "node:child_process";
import {
  copyFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { builtCli } from "../built.ts";
import { freshFolder, outcomeOf, rsyncStream, runShell, waitUntil } from "../cli/run.ts";
import { noise, picture, plant, sizeOf } from "../cli/trees.ts";
import { missing, notRoot, unless } from "../obstacles.ts";
import { freePort } from "../free-port.ts";

const sshd = "/usr/sbin/sshd";

unless(missing("sshd", "ssh", "ssh-keygen") ?? notRoot).describe("over ssh", () => {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-ssh-"));
  let server: ReturnType<typeof spawn>;
  let ssh: string;

  beforeAll(async () => {
    const port = await freePort();
    for (const name of ["host", "user"]) {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
    }
    copyFileSync(join(folder, "user.pub"), join(folder, "authorized"));
    chmodSync(join(folder, "authorized"), 0o600);
    mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    const config = [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${folder}/host`,
      `AuthorizedKeysFile ${folder}/authorized`,
      `PidFile ${folder}/pid`,
      "PermitRootLogin prohibit-password",
      "StrictModes no",
      "UsePAM no",
    ];
    writeFileSync(join(folder, "config"), `${config.join("\n")}\n`);
    server = spawn(sshd, ["-D", "-e", "-f", join(folder, "config")], { stdio: "ignore" });
    await listening(port);
    const options = `-p ${port} -i ${folder}/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR`;
    ssh = `ssh ${options} -F none 127.0.0.1`;
  });

  afterAll(() => {
    server?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  const remote = `${process.execPath} ${builtCli()}`;

  it("copies a tree, and rsync finds nothing left to do", async () => {
    const work = freshFolder();
    plantTree(join(work, "tree"));
    const { code, stderr } = await runShell(`$RS send "$1/tree" | ${ssh} ${remote} recv "$1/copy"`, work);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(picture(join(work, "copy/tree"))).toEqual(picture(join(work, "tree")));
    if (!existsSync("/usr/bin/rsync")) return console.log("not compared by rsync: it is not installed");
    const rsync = ["-aHc", "--delete", "--dry-run", "--itemize-changes", `${work}/tree`, `${work}/copy/`];
    expect(execFileSync("rsync", rsync).toString()).toBe("");
  });

  it("talks both ways, and sends only what has changed", async () => {
    const work = freshFolder();
    plantTree(join(work, "tree"));
    const line = `mkfifo "$2"; $RS send --duplex --json "$1/tree/" < "$2" | ${ssh} ${remote} recv -q --duplex "$1/copy" > "$2"`;
    const first = await runShell(line, work, join(work, "back-1"));
    expect(first.code, first.stderr).toBe(0);
    plant(join(work, "tree"), { "another.txt": "new" });
    const second = await runShell(line, work, join(work, "back-2"));
    expect(second.code, second.stderr).toBe(0);
    expect(picture(join(work, "copy"))).toEqual(picture(join(work, "tree")));
    const summary = JSON.parse(second.stderr.trim().split("\n").at(-1)!) as { wireBytes: number };
    expect(summary.wireBytes).toBeLessThan(2000);
  });

  it("leaves out what the other end says it has", async () => {
    const work = freshFolder();
    plantTree(join(work, "tree"));
    plant(work, { "copy/other-name": noise(500_000, "big") });
    const line = `$RS send --json --have <(${ssh} ${remote} have -q "$1/copy") "$1/tree/" | ${ssh} ${remote} recv -q "$1/copy"`;
    const { code, stderr } = await runShell(line, work);
    expect(code, stderr).toBe(0);
    const summary = JSON.parse(stderr.trim().split("\n").at(-1)!) as { newBytes: number };
    expect(summary.newBytes).toBeLessThan(1000);
    rmSync(join(work, "copy/other-name"));
    expect(picture(join(work, "copy")).map(withoutTime)).toEqual(
      picture(join(work, "tree")).map(withoutTime),
    );
  });

  describe("push and pull", () => {
    /** ssh without the host, for `-e`, and what runs there. */
    const options = (): string[] => [
      "-e",
      ssh.replace(/ 127\.0\.0\.1$/, ""),
      "--remote-path",
      `env LC_ALL=C ${remote}`,
    ];

    it("there and back, to names that a shell would take apart", async () => {
      const work = freshFolder();
      plantTree(join(work, "tree"));
      const there = join(work, "a b'c $(touch x) \u00fc\n;");
      const pushed = await rsyncStream(["push", ...options(), `${work}/tree/`, `root@127.0.0.1:${there}`]);
      expect(pushed.code, pushed.stderr).toBe(0);
      expect(picture(there)).toEqual(picture(join(work, "tree")));
      const pulled = await rsyncStream(["pull", ...options(), `root@127.0.0.1:${there}/`, `${work}/back`]);
      expect(pulled.code, pulled.stderr).toBe(0);
      expect(picture(join(work, "back"))).toEqual(picture(join(work, "tree")));
    });

    it("goes on by itself when ssh is killed", async () => {
      const work = freshFolder();
      plant(join(work, "tree"), { big: noise(30_000_000, "big") });
      writeFileSync(
        join(work, "ssh"),
        `#!/bin/sh\necho $$ >> "${work}/pids"\nexec ${ssh.replace(/ 127\.0\.0\.1$/, "")} "$@"\n`,
        { mode: 0o755 },
      );
      const pushing = spawn(process.execPath, [
        builtCli(),
        ...["push", "-z", "--json", "-e", `${work}/ssh`, "--remote-path", remote],
        ...[`${work}/tree/`, `127.0.0.1:${work}/copy`],
      ]);
      const outcome = outcomeOf(pushing);
      const staging = join(work, "copy", ".rsync-stream");
      await waitUntil(() => sizeOf(staging) > 1_000_000);
      process.kill(Number(readFileSync(join(work, "pids"), "utf8").split("\n")[0]), "SIGKILL");
      const { code, stdout, stderr } = await outcome;
      expect(code, stderr).toBe(0);
      expect(stdout.toString()).toContain('"event":"notice"');
      expect(picture(join(work, "copy"))).toEqual(picture(join(work, "tree")));
    });

    it("says what is wrong, once, and does not try again", async () => {
      const work = freshFolder();
      const missing = await rsyncStream(["pull", ...options(), `127.0.0.1:${work}/none`, `${work}/x`]);
      expect(missing).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("no such file or directory"),
      });
      const [how, command] = options();
      const program = [
        "pull",
        how!,
        command!,
        "--remote-path",
        "no-such-program",
        `127.0.0.1:${work}`,
        `${work}/x`,
      ];
      const { code, stderr } = await rsyncStream(program);
      expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("exited with 127") });
      expect(stderr).not.toContain("again");
    });
  });

  it("fails when the other end cannot be started", async () => {
    const work = freshFolder();
    plant(work, { big: noise(5_000_000, "big") });
    const { code, stderr } = await runShell(`$RS send "$1/big" | ${ssh} no-such-program recv x`, work);
    expect(stderr).toMatch(/no-such-program/);
    expect(code).toBeGreaterThan(0);
  });
});

function plantTree(root: string): void {
  plant(root, {
    "a.txt": "one",
    big: noise(500_000, "big"),
    "sub/b \u00fc.txt": "two",
    "sub/link": "-> ../a.txt",
  });
}

/** Removing a file from a directory changes the directory's time. */
function withoutTime(row: string): string {
  return row.replace(/ \d{12,} /, " ");
}

/** Resolves when something listens at the port. */
async function listening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const answer = await new Promise<string>((resolve) => {
      socket.once("data", (bytes) => resolve(bytes.toString()));
      socket.once("error", () => resolve(""));
      socket.once("close", () => resolve(""));
    });
    socket.destroy();
    if (answer.startsWith("SSH-")) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
