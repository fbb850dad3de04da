import { option } from "../../../src/core/option/option.js";
import { defineChoices } from "../../../src/core/storage/formats/format.js";

export interface PgmSettings {
  readonly hasNumbers: boolean;
}

export const pgmChoices = defineChoices({
  key: "pgm",
  heading: "PGM:",
  noun: "a .pgm",
  options: {
    pgmNumbers: option.flag({ doc: "Write each frame's number into its header, as a comment.", default: true }),
  },
  settings: ({ pgmNumbers }): PgmSettings => ({ hasNumbers: pgmNumbers }),
  faults: (_, { input }) =>
    input.pixelFormat === "float32"
      ? [{ field: "out", what: "holds whole numbers, and these frames are float32" }]
      : [],
});
