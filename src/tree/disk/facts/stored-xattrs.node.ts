import type { Bytes } from "../../../types.ts";
import type { ByteString } from "../calls/byte-string.node.ts";
import type { FactPlace } from "../calls/fact-place.node.ts";
import { findXattrCalls } from "./xattr-calls.node.ts";

const noNames: readonly never[] = [];

/**
 * The attributes of one place, access control lists among them. Their names are asked for once; of
 * most files that is all, for they have none.
 */
export class StoredXattrs {
  readonly #placeOf: () => FactPlace;
  #place: FactPlace | undefined;
  #names: readonly ByteString[] | undefined;

  /** @param names all that there are, where that is known */
  constructor(placeOf: () => FactPlace, names?: readonly ByteString[]) {
    this.#placeOf = placeOf;
    this.#names = names;
  }

  get place(): FactPlace {
    return (this.#place ??= this.#placeOf());
  }

  /** All there are, as far as the system tells them; none where the C library cannot be called. */
  get names(): readonly ByteString[] {
    return (this.#names ??= findXattrCalls()?.list(this.place) ?? noNames);
  }

  /** Returns undefined for one that is not there. */
  get(name: ByteString): Bytes | undefined {
    return this.names.includes(name) ? findXattrCalls()?.get(this.place, name) : undefined;
  }

  /** Sets one. @throws ENOTSUP where the C library cannot be called */
  set(name: ByteString, value: Bytes): void {
    const calls = findXattrCalls();
    if (!calls) throw Object.assign(new Error("ENOTSUP: the C library cannot be called"), unsupported);
    calls.set(this.place, name, value);
  }

  /** Removes one if it was there. */
  remove(name: ByteString): void {
    if (this.names.includes(name)) findXattrCalls()?.remove(this.place, name);
  }
}

const unsupported = { code: "ENOTSUP", syscall: "setxattr" };
