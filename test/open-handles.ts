import fs from "node:fs";

/** Where the handles of this process lead that are open below a directory. */
export function openBelow(folder: string): string[] {
  return fs.readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const target = fs.readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(`${folder}/`) || target === folder ? [target.slice(folder.length)] : [];
    } catch {
      return []; // the handle that the list itself was read by
    }
  });
}
