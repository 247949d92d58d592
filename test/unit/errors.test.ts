import { constants } from "node:os";
import { expect, test } from "vitest";
import { isSyncError, messageOf, SyncError, toSyncError } from "../../src/errors.ts";

/** An error as another copy of the library, or a later one, may throw it. */
function foreign(code: unknown): Error {
  return Object.assign(new Error("of another copy"), { name: "SyncError", code });
}

test("an error of another copy is one of ours when its code is", () => {
  expect(isSyncError(foreign("LOCKED"))).toBe(true);
  expect(isSyncError(foreign("LOCKED"), "PATH")).toBe(false);
  for (const code of ["TOMORROW", "toString", "__proto__", 7, undefined])
    expect(isSyncError(foreign(code))).toBe(false);
  expect(toSyncError(foreign("toString"))).toMatchObject({ code: "INTERNAL" });
  expect(isSyncError(new SyncError("PATH", "none"))).toBe(true);
});

test("a path by which a process reached a file is told to nobody", () => {
  const said = "ENOSPC: no space left on device";
  for (const [message, told] of [
    [`${said}, mkdir '/proc/self/fd/18/it's'`, `${said}, mkdir`],
    [`${said}, open '/proc/self/fd/18/a\nb'`, `${said}, open`],
    [`${said}, link '/proc/self/fd/18/a' -> '/proc/self/fd/19/b'`, `${said}, link`],
    [`${said}, symlink 'text' -> '/proc/self/fd/18/b'`, `${said}, symlink 'text'`],
    [`${said}, mkdir '/srv/proc/self'`, `${said}, mkdir '/srv/proc/self'`],
  ] as const) {
    const thrown = Object.assign(new Error(message), { code: "ENOSPC", syscall: "mkdir" });
    expect(toSyncError(thrown)).toMatchObject({ code: "NO_SPACE", message: told });
    expect(messageOf(thrown)).toBe(told);
  }
});

test("a disk or quota that is full is told as that, whoever turns what the system said", () => {
  const said = (code: string, errno?: number) =>
    Object.assign(new Error(code), { code, errno, syscall: "write" });
  const errno = -constants.errno.EDQUOT;
  // The last two are ways in which versions of Node say that they have no name for it.
  const full = [said("ENOSPC"), said("EDQUOT"), said(`Unknown system error ${errno}`, errno)];
  for (const thrown of [...full, said("UNKNOWN", errno)]) {
    expect(toSyncError(thrown).code).toBe("NO_SPACE");
    expect(toSyncError(thrown, "IO").code).toBe("NO_SPACE");
    expect(toSyncError(thrown, "PATH").code).toBe("PATH");
  }
  expect([toSyncError(said("EIO")).code, toSyncError(said("EIO"), "IO").code]).toEqual(["IO", "IO"]);
});
