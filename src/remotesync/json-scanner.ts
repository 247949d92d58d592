import { SyncError } from "../errors.ts";

/** Values within values that are looked into before giving up. */
const maxDepth = 1000;

/** What a string has most of: neither its end nor anything that is told apart. */
const plain = /[^"\\\u0000-\u001f]+/y;
const space = /[ \t\n\r]*/y;
const integer = /-?(?:0|[1-9][0-9]*)(?![.eE0-9])/y;
const scalar = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

/**
 * Reads JSON (RFC 8259) value by value, so that nothing is built that is not wanted, a list can be
 * refused while it is read, and `1` differs from `1.0`, which JSON.parse cannot tell.
 *
 * Every method throws BAD_SYNCINFO where the text is not what it was asked for.
 */
export class JsonScanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** True, and past it, when the next value is null. */
  null(): boolean {
    this.#skipSpace();
    if (!this.#text.startsWith("null", this.#at)) return false;
    this.#at += 4;
    return true;
  }

  /** Calls back before each value, which the callback has to read. */
  object(member: (name: string) => void): void {
    this.#list("{", "}", () => {
      const name = this.string();
      this.#expect(":");
      member(name);
    });
  }

  /** Calls back before each element, which the callback has to read. */
  array(element: (index: number) => void): void {
    let index = 0;
    this.#list("[", "]", () => element(index++));
  }

  string(): string {
    this.#expect('"');
    const start = this.#at - 1;
    plain.lastIndex = this.#at;
    if (plain.test(this.#text)) this.#at = plain.lastIndex;
    for (;;) {
      const code = this.#text.charCodeAt(this.#at++);
      if (code === 0x22) break;
      if (code === 0x5c) this.#at++;
      else if (!(code >= 0x20)) throw this.#bad("unfinished string");
    }
    const literal = this.#text.slice(start, this.#at);
    if (!literal.includes("\\")) return literal.slice(1, -1);
    try {
      return JSON.parse(literal) as string;
    } catch {
      throw this.#bad("bad escape");
    }
  }

  /** A number without fraction or exponent; past 2^53 it is rounded. */
  integer(): number {
    this.#skipSpace();
    return Number(this.#match(integer, "a whole number"));
  }

  /** Passes over a value of any kind. */
  skip(depth = 0): void {
    if (depth > maxDepth) throw this.#bad("nested too deeply");
    this.#skipSpace();
    const first = this.#text[this.#at];
    if (first === "{") this.object(() => this.skip(depth + 1));
    else if (first === "[") this.array(() => this.skip(depth + 1));
    else if (first === '"') this.string();
    else this.#match(scalar, "a value");
  }

  #list(open: string, close: string, item: () => void): void {
    this.#expect(open);
    if (this.#accept(close)) return;
    do item();
    while (this.#accept(","));
    this.#expect(close);
  }

  #accept(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#accept(character)) throw this.#bad(`no ${character}`);
  }

  #skipSpace(): void {
    if (this.#text.charCodeAt(this.#at) <= 0x20) this.#match(space, "");
  }

  #match(pattern: RegExp, wanted: string): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) throw this.#bad(`not ${wanted}`);
    this.#at += found.length;
    return found;
  }

  #bad(what: string): SyncError {
    return new SyncError("BAD_SYNCINFO", `JSON: ${what} at character ${this.#at}`, {
      detail: { offset: this.#at },
    });
  }
}
