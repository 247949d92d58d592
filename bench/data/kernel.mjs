// `node bench/data/kernel.mjs DIR`: puts two versions of the Linux source tree into a folder, as
// `--data` of `npm run bench` wants them: old/, new/, old.tar and new.tar. Needs Debian 12 with its
// security updates in the list of packages, dpkg-deb and xz, and 6 GB of disk. Installs nothing.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

const versions = [
  {
    name: "old",
    version: "6.1.176-1",
    sha256: "d201a4fd77bc70c490a0a031b2623e4cb91e32ba53b12f4c04c5796d7dd8dad9",
  },
  {
    name: "new",
    version: "6.1.192-2",
    sha256: "c3217fdb54cc5beba5b1a245604cf5b2d4aea90bfc1554e01e2e991e4ca9c28e",
  },
];

const [place] = process.argv.slice(2);
if (place === undefined) fail("name the folder to prepare");
const folder = resolve(place);
mkdirSync(folder, { recursive: true });
for (const { name, version, sha256 } of versions) await prepare(name, version, sha256);

async function prepare(name, version, sha256) {
  const tar = join(folder, `${name}.tar`);
  const tree = join(folder, name);
  const scratch = mkdtempSync(join(folder, ".download-"));
  try {
    run(scratch, 'apt-get download "linux-source-6.1=$1"', version);
    const [deb] = readdirSync(scratch);
    const member = "./usr/src/linux-source-6.1.tar.xz";
    run(scratch, 'dpkg-deb --fsys-tarfile "$1" | tar xO "$2" | xz -d > "$3"', deb, member, tar);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const actual = await digest(tar);
  if (actual !== sha256) fail(`${tar} is not what it should be: SHA-256 ${actual}`);
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree);
  run(folder, 'tar xf "$1" -C "$2"', tar, tree);
  console.log(`${version}: ${tar} and ${tree}/`);
}

/** A command line of the shell, its words given apart. */
function run(cwd, commandLine, ...words) {
  const { status } = spawnSync("sh", ["-ec", commandLine, "sh", ...words], { cwd, stdio: "inherit" });
  if (status !== 0) fail(`failed: ${commandLine} (${words.join(" ")})`);
}

async function digest(path) {
  const hash = createHash("sha256");
  for await (const bytes of createReadStream(path)) hash.update(bytes);
  return hash.digest("hex");
}

function fail(message) {
  console.error(`kernel: ${message}`);
  process.exit(1);
}
