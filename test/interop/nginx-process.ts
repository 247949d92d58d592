import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { listeningAt } from "../listening-port.ts";

const page = readFileSync("docs/http.md", "utf8");

/** A block of the configuration that docs/http.md tells. */
export function documented(block: RegExp): string {
  return block.exec(page)![0];
}

/** What docs/http.md tells for one server. */
export const location = documented(/location \/sync\/ \{[^}]*\}/);
export const upgrades = documented(/map "\$http_upgrade[^{}]*\{[^}]*\}/);

const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

/**
 * Starts nginx with all it writes in a folder, and waits until it listens.
 *
 * @param blocks what stands in `http`
 * @param port one at which it listens by them
 */
export async function startNginx(folder: string, blocks: string, port: number): Promise<ChildProcess> {
  const text = `
user ${userInfo().username};
worker_processes 1;
pid ${folder}/pid;
error_log ${folder}/error.log;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join("\n  ")}
  ${blocks}
}
`;
  const path = join(folder, "nginx.conf");
  writeFileSync(path, text);
  const words = ["-p", folder, "-c", path, "-g", "daemon off;"];
  const nginx = spawn("/usr/sbin/nginx", words, { stdio: "ignore" });
  await listeningAt(port, nginx);
  return nginx;
}
