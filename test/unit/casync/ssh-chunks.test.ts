import fs from "node:fs";
import { expect, onTestFinished, test, vi } from "vitest";
import { sshChunks } from "../../../src/casync/ssh-chunks.node.ts";
import { tempDir } from "../tree/disk/disk-tree.ts";

test("what the far end says moves no cursor here", async () => {
  using temp = tempDir();
  const script = `${temp.path}/ssh`;
  fs.writeFileSync(script, '#!/bin/sh\nprintf "\\033[2Jwelcome\\n" >&2\nexec cat >/dev/null\n', {
    mode: 0o755,
  });
  vi.stubEnv("CASYNC_SSH_PATH", script);
  const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  onTestFinished(() => void vi.restoreAllMocks());
  onTestFinished(() => void vi.unstubAllEnvs());
  const chunks = sshChunks("host:/store");
  const got = chunks.get(new Uint8Array(32)).catch((thrown: unknown) => thrown);
  await expect.poll(() => written.mock.calls.map(([text]) => text)).toContain("\\x1b[2Jwelcome\n");
  await chunks.close?.();
  await got;
});
