/** Files that a run reads and writes, for the check that none is both. */

export interface UsedFile {
  /** For complaints: "archive, --out run.h5". */
  readonly where: string;
  /** Its name, or an open descriptor. */
  readonly file: string | number;
}

export interface UsedFiles {
  readonly reads?: readonly UsedFile[];
  readonly writes?: readonly UsedFile[];
}
