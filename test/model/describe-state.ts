import { createHash } from "node:crypto";

/** How the objects of a class are described: by the value that is returned for one of them. */
export type Forms = ReadonlyMap<unknown, (value: never) => unknown>;

const longBytes = 256;

/** How objects of a class are described. */
type Way = "bytes" | "items" | "members" | ((value: never) => unknown);

/**
 * Describes states as texts, which are equal for two states exactly if these are built alike: the
 * same values in the same places, and the same objects met again in the same places.
 *
 * Functions are told apart by their code alone, so what they close over has to be described
 * elsewhere.
 */
export class StateDescriber {
  readonly #forms: Forms;
  readonly #ignored: ReadonlySet<string>;
  readonly #ways = new Map<unknown, Way>();
  readonly #codes = new Map<string, number>();
  readonly #functions = new WeakMap<object, number>();
  #met = new Map<object, number>();
  #text = "";

  /** @param ignored names of members that are left out */
  constructor(forms: Forms, ignored: ReadonlySet<string>) {
    this.#forms = forms;
    this.#ignored = ignored;
  }

  /** Returns the text for a state. */
  describe(state: unknown): string {
    this.#met = new Map();
    this.#text = "";
    this.#add(state);
    return this.#text;
  }

  #add(value: unknown): void {
    if (typeof value === "number") this.#text += `${value};`;
    else if (typeof value === "object" && value !== null) this.#addObject(value);
    else if (typeof value === "string") this.#text += `"${value}";`;
    else if (typeof value === "function") this.#text += `f${this.#numberOf(value as () => unknown)};`;
    else this.#text += `${String(value)};`;
  }

  #addObject(value: object): void {
    const before = this.#met.get(value);
    if (before !== undefined) {
      this.#text += `@${before};`;
      return;
    }
    this.#met.set(value, this.#met.size);
    const way = this.#wayFor(value);
    if (way === "members") this.#addMembers(value);
    else if (way === "items") this.#addItems(value as Iterable<unknown>);
    else if (way === "bytes") this.#text += `b${textOf(value as Uint8Array)};`;
    else this.#add(way(value as never));
  }

  #wayFor(value: object): Way {
    const known = this.#ways.get(value.constructor);
    if (known !== undefined) return known;
    const way = this.#forms.get(value.constructor) ?? wayFor(value);
    this.#ways.set(value.constructor, way);
    return way;
  }

  #addItems(items: Iterable<unknown>): void {
    this.#text += "[";
    for (const item of items) this.#add(item);
    this.#text += "]";
  }

  #addMembers(value: object): void {
    this.#text += "{";
    for (const name of Object.keys(value)) {
      if (this.#ignored.has(name)) continue;
      this.#text += `${name}:`;
      this.#add((value as Record<string, unknown>)[name]);
    }
    this.#text += "}";
  }

  /** A number for each code that a function may have. */
  #numberOf(value: () => unknown): number {
    const known = this.#functions.get(value);
    if (known !== undefined) return known;
    const code = value.toString();
    const number = this.#codes.get(code) ?? this.#codes.size;
    this.#codes.set(code, number);
    this.#functions.set(value, number);
    return number;
  }
}

/** Bytes as text; of long ones a digest. */
function textOf(bytes: Uint8Array): string {
  if (bytes.length <= longBytes) return String.fromCharCode(...bytes);
  return createHash("sha256").update(bytes).digest("base64url");
}

function wayFor(value: object): Way {
  if (value instanceof Uint8Array) return "bytes";
  if (value instanceof Map || value instanceof Set || Array.isArray(value)) return "items";
  const kind = Object.prototype.toString.call(value);
  if (value instanceof Error) return ({ message, ...members }: Error) => ({ ...members, message });
  if (kind === "[object Object]") return "members";
  throw new Error(`a state holds ${kind}, which cannot be described`);
}
