/** A schema of JSON, as far as the description of the calls for jobs uses it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: "array" | "boolean" | "integer" | "null" | "object" | "string";
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly examples?: readonly unknown[];
  readonly description?: string;
}

type Schemas = Readonly<Record<string, Schema>>;

/** Says where a value is not as a schema has it; undefined where it is. */
export function findSchemaFault(
  value: unknown,
  given: Schema,
  schemas: Schemas,
  path = "",
): string | undefined {
  const schema = given.$ref === undefined ? given : schemas[given.$ref.split("/").at(-1)!]!;
  if (schema.enum && !schema.enum.includes(value)) return `${path} is ${JSON.stringify(value)}`;
  if (schema.anyOf)
    return schema.anyOf.some((one) => findSchemaFault(value, one, schemas, path) === undefined)
      ? undefined
      : `${path} is none of what it may be`;
  if (schema.type !== undefined && typeOf(value) !== schema.type)
    return `${path} is of type ${typeOf(value)}`;
  if (!isWithin(value, schema)) return `${path} is too small, large or long`;
  if (Array.isArray(value)) return faultIn(value.entries(), () => schema.items, schemas, path);
  if (typeOf(value) !== "object") return undefined;
  const members = Object.entries(value as object);
  const missing = schema.required?.find((name) => !Object.hasOwn(value as object, name));
  if (missing !== undefined) return `${path}.${missing} is missing`;
  const unknown = members.find(([name]) => schema.properties?.[name] === undefined)?.[0];
  if (schema.additionalProperties === false && unknown !== undefined)
    return `${path}.${unknown} is not known`;
  return faultIn(members, (name) => schema.properties?.[name], schemas, path);
}

function isWithin(value: unknown, { minimum, maximum, maxLength, maxItems }: Schema): boolean {
  if (typeof value === "number")
    return (minimum === undefined || value >= minimum) && (maximum === undefined || value <= maximum);
  if (typeof value === "string") return maxLength === undefined || value.length <= maxLength;
  return !Array.isArray(value) || maxItems === undefined || value.length <= maxItems;
}

function faultIn<Key extends number | string>(
  members: Iterable<[Key, unknown]>,
  schemaOf: (key: Key) => Schema | undefined,
  schemas: Schemas,
  path: string,
): string | undefined {
  for (const [key, member] of members) {
    const fault = findSchemaFault(member, schemaOf(key) ?? {}, schemas, `${path}.${key}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}
