import { type Database, openDatabase, type Row } from "../../bucket/sync/database.node.ts";
import type { Piece } from "./pieces.ts";
import type { TarLikeRow } from "./tar-table.node.ts";

/** A file of an archive, and how much of it is there. */
export interface RecordedFile {
  readonly path: string;
  readonly size: number;
  /** Where it begins in the virtual archive. */
  readonly offset: number;
  /** In hex; undefined where the table does not tell. */
  readonly md5: string | undefined;
  /** By which the file is known that was put in place; undefined before that. */
  readonly mark: string | undefined;
  /** The upload that its pieces go into, where it does not come whole. */
  readonly upload: string | undefined;
  /** What has come of it, in order. */
  readonly pieces: readonly Piece[];
}

/** What is known of an archive. */
export interface RecordedArchive {
  /** Over all rows of its table. */
  readonly digest: string;
  readonly bytes: number;
}

const form = {
  applicationId: 0x72_73_74_6c,
  version: 1,
  otherwise: "name another file for --state",
  schema: `
    CREATE TABLE archives (id INTEGER PRIMARY KEY, digest TEXT NOT NULL, bytes INTEGER NOT NULL);
    CREATE TABLE files (archive INTEGER NOT NULL, start INTEGER NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL,
      md5 TEXT, mark TEXT, upload TEXT, pieces TEXT NOT NULL, PRIMARY KEY (archive, start)) WITHOUT ROWID;
    CREATE INDEX openFiles ON files (archive) WHERE mark IS NULL;`,
};

/** What has come of archives, in one file, so that a receiver may end and begin again. */
export class BlockRecord {
  readonly #database: Database;

  /** @throws LOCKED while another process has it, STATE, NO_SPACE, IO */
  constructor(path: string) {
    this.#database = openDatabase(path, form);
  }

  get archiveCount(): number {
    return Number(this.#database.get("SELECT count(*) AS count FROM archives")!["count"]);
  }

  find(archive: number): RecordedArchive | undefined {
    const row = this.#database.get("SELECT digest, bytes FROM archives WHERE id = ?", [archive]);
    return row && { digest: String(row["digest"]), bytes: Number(row["bytes"]) };
  }

  /**
   * Puts an archive in the place of what was known. Nothing has come of it; empty files are left
   * out.
   */
  replace(archive: number, digest: string, batches: Iterable<readonly TarLikeRow[]>): void {
    this.#database.transaction(() => {
      this.#database.run("DELETE FROM files WHERE archive = ?", [archive]);
      let bytes = 0;
      for (const rows of batches)
        for (const { path, size, offset, md5 } of rows) {
          if (size > 0) {
            const values = [archive, offset, path, size, md5 ?? null];
            this.#database.run("INSERT INTO files VALUES (?, ?, ?, ?, ?, NULL, NULL, '[]')", values);
          }
          bytes += size;
        }
      this.#database.run("INSERT OR REPLACE INTO archives VALUES (?, ?, ?)", [archive, digest, bytes]);
    });
  }

  /** The files that have bytes in a part of the archive, in order. */
  filesIn(archive: number, from: number, to: number): readonly RecordedFile[] {
    const first = this.#database.get(
      "SELECT max(start) AS start FROM files WHERE archive = ? AND start <= ?",
      [archive, from],
    );
    const values = [archive, Number(first?.["start"] ?? from), to];
    return this.#database
      .all("SELECT * FROM files WHERE archive = ? AND start >= ? AND start < ? ORDER BY start", values)
      .map(fileOf);
  }

  /** The uploads that are under way. */
  uploadsOf(archive: number): readonly RecordedFile[] {
    return this.#database
      .all("SELECT * FROM files WHERE archive = ? AND mark IS NULL AND upload IS NOT NULL", [archive])
      .map(fileOf);
  }

  /** Records what has become of files, all at once. */
  note(archive: number, files: readonly RecordedFile[]): void {
    this.#database.transaction(() => {
      for (const { offset, mark, upload, pieces } of files)
        this.#database.run(
          "UPDATE files SET mark = ?, upload = ?, pieces = ? WHERE archive = ? AND start = ?",
          [...[mark ?? null, upload ?? null, JSON.stringify(pieces)], ...[archive, offset]],
        );
    });
  }

  /** True when all files of an archive are in place. */
  isComplete(archive: number): boolean {
    return (
      this.#database.get("SELECT 1 FROM files WHERE archive = ? AND mark IS NULL LIMIT 1", [archive]) ===
      undefined
    );
  }

  close(): void {
    this.#database.close();
  }
}

function fileOf(row: Row): RecordedFile {
  return {
    path: String(row["path"]),
    size: Number(row["size"]),
    offset: Number(row["start"]),
    md5: textIn(row["md5"]),
    mark: textIn(row["mark"]),
    upload: textIn(row["upload"]),
    pieces: JSON.parse(String(row["pieces"])) as Piece[],
  };
}

function textIn(value: Row[string] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
