/** Tables of what the user names, asked for their own entries only: every object also has "constructor", "toString" and more. */

/** The table's entry of that name; undefined when it has none of its own. */
export function own<Value>(table: { readonly [name: string]: Value }, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** The entries of an object that `keep` wants, "__proto__" included. */
export function ownEntries<Value>(
  object: { readonly [name: string]: Value },
  keep: (name: string) => boolean,
): { readonly [name: string]: Value } {
  return Object.fromEntries(Object.entries(object).filter(([name]) => keep(name)));
}
