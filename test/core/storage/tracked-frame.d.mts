/** Names of the columns, in the slot's order. */
export const columns: readonly string[];
