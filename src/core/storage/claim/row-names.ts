/** Names of the files of a row: run.h5 becomes run_000.h5, run_001.h5 and so on. */
import { extname } from "node:path";

/** From the thousandth on the number has four digits; Mote's own patterns sort by its value. */
export function partPath(row: string, index: number): string {
  const extension = extname(row);
  return `${row.slice(0, row.length - extension.length)}_${String(index).padStart(3, "0")}${extension}`;
}

/** The row that a file is a part of by its name, run.h5 of run_012.h5; undefined of any other name. */
export function rowOf(path: string): string | undefined {
  const [, stem, number, extension] = /^(.*)_(\d{3,})(\.[^./\\]*)$/s.exec(path) ?? [];
  if (stem === undefined) return undefined;
  const row = `${stem}${extension}`;
  return partPath(row, Number(number)) === path ? row : undefined;
}
