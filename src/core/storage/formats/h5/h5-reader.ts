/** An HDF5 file being read: plain typed arrays out, a sentence when the file is not what it should be. */
import { statSync } from "node:fs";
import { codeOf, MoteError, reason } from "../../../errors.js";
import { recoverHint } from "../../../format-problem.js";
import { isOutOfMemory, OutOfMemory } from "../../../out-of-memory.js";
import { formatBytes } from "../../../units.js";
import { watchedCall } from "../../../workers/call-watch.js";
import { complaintOf, type Hdf5Library, loadHdf5 } from "./library.js";

type File = InstanceType<Hdf5Library["hdf5"]["File"]>;
type Dataset = InstanceType<Hdf5Library["hdf5"]["Dataset"]>;

export interface DatasetFacts {
  readonly shape: readonly number[];
  /** "<H", or "table". */
  readonly type: string;
  /** Names of a table's columns; empty for anything else. */
  readonly members: readonly string[];
  readonly filters: readonly { id: number; cd_values: number[] }[];
  /** Bytes of an element. */
  readonly elementBytes: number;
}

export interface H5Reader {
  /** Paths of all groups and datasets. */
  readonly paths: readonly string[];
  /** Undefined when there is no such dataset. */
  dataset(path: string): DatasetFacts | undefined;
  /** Rows `from` to `to` of a dataset, as the typed array of its type; compound rows as arrays of members. */
  rows(path: string, from: number, to: number): unknown;
  /**
   * Fills `target` with a block of a dataset of numbers, row by row, little-endian whatever the file has.
   */
  block(path: string, offset: readonly number[], count: readonly number[], target: Uint8Array): void;
  /** All attributes as they are: numbers, bigints, text, arrays. */
  attributes(path: string): ReadonlyMap<string, unknown>;
  /** An attribute as plain JSON, null when absent. */
  attribute(path: string, name: string): unknown;
  close(): void;
}

/** 0 of what cannot be looked at: the library says why when it opens it. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Opens a file for reading; a failure says what is in the way. The caller closes it. */
export async function openH5Reader(path: string): Promise<H5Reader> {
  const library = await loadHdf5();
  library.expectFile(sizeOf(path));
  library.takeComplaint();
  let file: File;
  try {
    file = watchedCall(() => new library.hdf5.File(path, "r"));
  } catch (error) {
    if (isOutOfMemory(error)) throw error;
    throw new H5Unreadable(path, reason(error), error);
  }
  // A failed open does not throw.
  if (file.file_id < 0n) throw new H5Unreadable(path, complaintOf(library.takeComplaint()).what);

  function checked<Value>(what: string, read: () => Value): Value {
    let value: Value;
    try {
      value = watchedCall(read);
    } catch (error) {
      if (isOutOfMemory(error)) throw error;
      throw new H5Unreadable(path, `${what}: ${complaintOf(library.takeComplaint()).what || reason(error)}`, error);
    }
    const complaint = library.takeComplaint();
    if (complaint) throw new H5Unreadable(path, `${what}: ${complaintOf(complaint).what}`);
    return value;
  }

  const paths = checked("list of contents", () => file.paths()).map((name) => `/${name}`);
  const known = new Set(paths);
  function find(name: string): Dataset | undefined {
    if (!known.has(name)) return undefined;
    const entity = checked(name, () => file.get(name));
    return entity instanceof library.hdf5.Dataset ? entity : undefined;
  }
  return {
    paths,
    dataset(name) {
      const found = find(name);
      if (!found) return undefined;
      return checked(name, () => ({
        shape: found.shape ?? [],
        type: typeof found.dtype === "string" ? found.dtype : "table",
        members: Array.isArray(found.dtype) ? found.dtype.map(([name]) => String(name)) : [],
        filters: found.filters,
        elementBytes: found.metadata.size,
      }));
    },
    rows(name, from, to) {
      const found = find(name);
      if (!found) throw new H5Unreadable(path, `there is no ${name}`);
      return checked(name, () => found.slice([[from, to]]));
    },
    block(name, offset, count, target) {
      const { module } = library;
      const at = module._malloc(target.length);
      if (at === 0) throw new OutOfMemory(`${name} of ${path} takes ${formatBytes(target.length)}`);
      try {
        const status = checked(name, () =>
          module.get_dataset_data(
            file.file_id,
            name,
            count.map(BigInt),
            offset.map(BigInt),
            count.map(() => 1n),
            BigInt(at),
          ),
        );
        if (status < 0) throw new H5Unreadable(path, `${name}: status ${status}`);
        target.set(module.HEAPU8.subarray(at, at + target.length));
      } finally {
        module._free(at);
      }
    },
    attributes(name) {
      if (!known.has(name)) return new Map();
      return checked(`${name}, attributes`, () => {
        const object = new library.hdf5.Group(file.file_id, name);
        const names = library.module.get_attribute_names(file.file_id, name);
        return new Map(names.map((key) => [key, object.get_attribute(key, false) as unknown]));
      });
    },
    attribute(name, key) {
      if (name !== "/" && !known.has(name)) return null;
      return checked(`${name}, ${key}`, () => {
        const names = library.module.get_attribute_names(file.file_id, name);
        return names.includes(key) ? new library.hdf5.Group(file.file_id, name).get_attribute(key, true) : null;
      });
    },
    close() {
      watchedCall(() => file.close());
      library.takeComplaint();
    },
  };
}

/** The library does not read the file, or something in it (exit code 1). */
export class H5Unreadable extends MoteError {
  /** Its complaint alone, for who says in words of his own what he read. */
  readonly complaint: string;

  constructor(path: string, complaint: string, cause?: unknown) {
    const code = codeOf(cause, "file-damaged");
    const what = `cannot be read as HDF5: ${complaint}`;
    super({ code, where: path, what, hint: recoverHint }, { exitCode: 1, cause });
    this.complaint = complaint;
  }
}

/** The clause of a failure to read, for a sentence that names the file or what was read itself. */
export function complaintIn(error: MoteError): string {
  return error instanceof H5Unreadable ? error.complaint : (error.problems[0]?.what ?? error.message);
}
