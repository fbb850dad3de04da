/** Files that a run reads and writes, for the check that none is both. */

export interface UsedFile {
  /** For complaints: "archive, --out run.h5". */
  readonly where: string;
  /** Its name, or an open descriptor. */
  readonly file: string | number;
  /** What is written is a row, run_000.h5, run_001.h5 and so on of the name run.h5: all those names are its own. */
  readonly isRow?: boolean;
}

export interface UsedFiles {
  readonly reads?: readonly UsedFile[];
  readonly writes?: readonly UsedFile[];
}
