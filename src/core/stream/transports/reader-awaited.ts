/** How often it is looked whether the reader of a stream has come, milliseconds. */
export const lookEveryMs = 50;
