import { closeSync, copyFileSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { DataSet, Size } from "./data-set.ts";
import { Dice } from "./dice.ts";

const oldBytes: Readonly<Record<Size, number>> = { full: 200e6, quick: 4e6 };
/** How much is appended to each byte that there was. */
const growth = 0.5;
const linesPerWrite = 1000;

/** The log of a web server, which has grown. */
export const log: DataSet = {
  name: "log",
  title: "log of a web server, half as much again appended",
  isTree: false,
  make({ folder, size }) {
    const lines = new LogLines();
    const [old, next] = [join(folder, "old"), join(folder, "new")];
    append(old, lines, oldBytes[size]);
    copyFileSync(old, next);
    append(next, lines, oldBytes[size] * growth);
  },
};

function append(path: string, lines: LogLines, sizeBytes: number): void {
  const file = openSync(path, "a");
  for (let bytes = 0; bytes < sizeBytes;) bytes += writeSync(file, lines.next(linesPerWrite));
  closeSync(file);
}

class LogLines {
  readonly #dice = new Dice(9);
  #seconds = 1_700_000_000;
  readonly #paths = Array.from({ length: 1000 }, (_, n) =>
    n % 2 === 0 ? `/a/${n}` : `/img/${this.#dice.noise(16).toString("hex")}.png`,
  );
  readonly #agents = Array.from({ length: 40 }, () => this.#dice.text(60).toString().replaceAll("\n", " "));

  next(lineCount: number): string {
    return Array.from({ length: lineCount }, () => this.#line()).join("");
  }

  #line(): string {
    const dice = this.#dice;
    this.#seconds += dice.below(3);
    const address = Array.from({ length: 4 }, () => dice.below(256)).join(".");
    const when = new Date(this.#seconds * 1000).toISOString();
    const path = this.#paths[dice.below(1000)];
    const code = dice.below(20) === 0 ? 404 : 200;
    return `${address} - [${when}] "GET ${path}" ${code} ${dice.below(90_000)} "${this.#agents[dice.below(40)]}"\n`;
  }
}
