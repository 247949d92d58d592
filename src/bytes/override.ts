/**
 * The same object with some of its members replaced. All others are those of the object itself,
 * whether they are its own or of its class, there now or added later; so a wrapper names what it
 * changes and can forget nothing.
 */
export function override<Whole extends object, Members extends Partial<Whole>>(
  inner: Whole,
  members: Members,
): Whole & Members {
  const bound = new Map<PropertyKey, unknown>();
  return new Proxy(members as Whole & Members, {
    has: (_, key) => key in members || key in inner,
    get(_, key) {
      if (key in members) return Reflect.get(members, key);
      const value: unknown = Reflect.get(inner, key);
      if (typeof value !== "function") return value;
      // Methods of a class reach their private fields only from the object itself.
      if (!bound.has(key)) bound.set(key, value.bind(inner));
      return bound.get(key);
    },
  });
}
