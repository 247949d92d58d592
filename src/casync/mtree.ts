import { toHex } from "../bytes/hex.ts";
import { byteStringOf } from "../bytes/byte-string.ts";
import { createSha256, type Digester } from "../chunk/digest.ts";
import { createSha512_256 } from "../chunk/sha512-256.ts";
import { ArchivePaths } from "./archive-paths.ts";
import type { CatarNode, CatarType } from "./catar-node.ts";
import type { CatarReading } from "./catar-reader.ts";
import { casyncFeatures } from "./features.ts";

const typeNames: Partial<Record<CatarType, string>> = { symlink: "link" };
const nsPerSecond = 1_000_000_000n;

/**
 * The tree of an archive as text in the form of mtree(5), a line for each entry. Files are told
 * with their digests, which are those that name the archive's chunks.
 *
 * @throws what reading the archive throws
 */
export async function* mtreeLines({ events, features }: CatarReading): AsyncGenerator<string> {
  const isSha512 = (features & casyncFeatures.sha512_256) !== 0n;
  const digestName = isSha512 ? "sha512256digest" : "sha256digest";
  const paths = new ArchivePaths();
  let file: { readonly line: string; readonly digester: Digester } | undefined;

  const finishFile = (): string | undefined => {
    const line = file && `${file.line} ${digestName}=${toHex(file.digester.digest())}`;
    file = undefined;
    return line;
  };

  yield "#mtree v1.0";
  for await (const event of events) {
    if (event.type === "content") {
      file!.digester.update(event.bytes);
      continue;
    }
    const line = finishFile();
    if (line !== undefined) yield line;
    if (event.type === "leave") continue;
    const text = describe(paths.enter(event.node), event.node);
    if (event.node.type !== "file") yield text;
    else file = { line: text, digester: isSha512 ? createSha512_256() : createSha256() };
  }
}

function describe(path: string, node: CatarNode): string {
  const { type, mode, uid, gid, size, target, mtimeNs } = node;
  const nsec = ((mtimeNs % nsPerSecond) + nsPerSecond) % nsPerSecond;
  return [
    toOctal(path),
    `type=${typeNames[type] ?? type}`,
    `mode=${mode.toString(8).padStart(4, "0")}`,
    ...(target ? [`target=${toOctal(byteStringOf(target))}`] : []),
    `uid=${uid}`,
    `gid=${gid}`,
    ...(type === "file" ? [`size=${size}`] : []),
    `time=${(mtimeNs - nsec) / nsPerSecond}.${String(nsec).padStart(9, "0")}`,
  ].join(" ");
}

/** Bytes that are no plain characters, and those that mean something, in octal. */
function toOctal(text: string): string {
  return text.replaceAll(
    /[^!-~]|[\\#]/gs,
    (letter) => `\\${letter.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
}
