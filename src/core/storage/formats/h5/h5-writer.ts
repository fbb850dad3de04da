/** An HDF5 file being written: every call checked, data copied once, from where it is into the library's memory. */

import { crc32 } from "node:zlib";
import { reason } from "../../../errors.js";
import type { PixelFormat } from "../../../model/pixel-format.js";
import type { TableColumn } from "../../columns/table-column.js";
import { HeldFile } from "./held-file.js";
import { complaintOf, type Hdf5Library } from "./library.js";
import type { UndoJournal } from "./undo-journal.js";

/** Types of datasets, in h5wasm's letters: little-endian q int64, d float64, B uint8, H uint16, f float32, I uint32, i int32. */
export type H5Type = "<q" | "<d" | "<B" | "<H" | "<f" | "<I" | "<i";
/** Of columns of numbers. */
export const numberTypes: Readonly<Record<TableColumn["type"], H5Type>> = {
  int64: "<q",
  float64: "<d",
  uint32: "<I",
  uint8: "<B",
};
export const pixelTypes: Readonly<Record<PixelFormat, H5Type>> = { uint8: "<B", uint16: "<H", float32: "<f" };

export interface GrowingDataset {
  readonly path: string;
  readonly filter: Filter;
  /** Shape of one row: [] for a column, [height, width] for frames. */
  readonly rowShape: readonly bigint[];
  /** Rows so far. */
  length: number;
  /** Rows as of the last commit. */
  committed: number;
  /** Where in the file the length stands. */
  lengthAt: number;
  /** CRC-32 of a column's bytes so far, and as of the last commit; frames have one each instead. */
  crc32: number;
  committedCrc32: number;
}

/** What the library reads beside the metadata that its types declare. */
interface CreationProperties {
  readonly chunks: bigint[] | null;
  readonly compression: number;
  readonly compression_opts: number[];
  readonly track_order: boolean;
}

interface Filter {
  readonly id: number;
  readonly parameters: readonly number[];
}

/** The library or the disk refused; the file on the disk is as the last commit left it, and `reopen` goes on from there. */
export class H5Refused extends Error {}

/** A filter did not want the data at hand: Blosc those that do not get smaller. */
export class FilterRefused extends H5Refused {}

type File = InstanceType<Hdf5Library["hdf5"]["File"]>;
const isOne = [1n, 1n, 1n];
const bloscFilter = 32001;
/**
 * The oldest structures of the format: every reader knows them, none has a checksum over several fields that would have to
 * change in one write, and the superblock has no mark that keeps readers away from a file that was not closed.
 */
const structures = { libver: ["earliest", "latest"] } as const;

export class H5Writer {
  readonly #library: Hdf5Library;
  #path: string;
  readonly #held: HeldFile;
  /** One for each name that the file had. */
  readonly #releases: (() => void)[] = [];
  readonly #growing: GrowingDataset[] = [];
  #file: File | undefined;
  #scratch = 0;
  #scratchBytes = 0;

  /** Starts a file where an empty one is; nothing is on the disk before `seal`. */
  constructor(library: Hdf5Library, path: string) {
    this.#library = library;
    this.#path = path;
    this.#held = new HeldFile(path);
    this.#releases.push(library.hold(path, this.#held));
    this.#open("w");
  }

  /** CRC-32 of what was appended to each column, by its path. */
  get columnChecksums(): Readonly<Record<string, number>> {
    const columns = this.#growing.filter(({ rowShape }) => rowShape.length === 0);
    return Object.fromEntries(columns.map((column) => [column.path, column.crc32]));
  }

  /** Bytes of the file as of the last commit. */
  get committedBytes(): number {
    return this.#held.committedBytes;
  }

  /** The file was renamed; the library still has it open under the name before. */
  renamed(path: string): void {
    this.#path = path;
    this.#releases.push(this.#library.hold(path, this.#held));
  }

  group(path: string): void {
    this.#checked((file) => this.#library.module.create_group(file.file_id, path, false));
  }

  /** Text, a float64, an int64 or one byte, on a group or dataset; replaces what is there. */
  attribute(path: string, name: string, value: string | number | bigint | Uint8Array): void {
    this.#checked((file) => {
      const { module, hdf5 } = this.#library;
      const object = new hdf5.Group(file.file_id, path);
      if (module.get_attribute_names(file.file_id, path).includes(name)) object.delete_attribute(name);
      if (typeof value === "string") object.create_attribute(name, value, [], "S");
      else if (typeof value === "number") object.create_attribute(name, new Float64Array([value]), [], "<d");
      else if (typeof value === "bigint") object.create_attribute(name, BigInt64Array.of(value), [], "<q");
      else object.create_attribute(name, value, [], "<B");
      return 0;
    });
  }

  numbers(path: string, name: string, values: Float64Array): void {
    this.#checked((file) => {
      new this.#library.hdf5.Group(file.file_id, path).create_attribute(name, values, [values.length], "<d");
      return 0;
    });
  }

  textList(path: string, name: string, values: readonly string[]): void {
    this.#checked((file) => {
      new this.#library.hdf5.Group(file.file_id, path).create_attribute(name, [...values], [values.length], "S");
      return 0;
    });
  }

  /**
   * A dataset that grows along its first axis; `type` may be a table's list of members. To be made before `seal`. Of those
   * that grew, the one made last gets its new length last.
   */
  growing(
    path: string,
    type: H5Type | readonly (readonly [string, H5Type])[],
    rowShape: readonly number[],
    chunkRows: number,
    filter: Filter = { id: 0, parameters: [] },
  ): GrowingDataset {
    this.#checked((file) => {
      const isTable = typeof type !== "string";
      file.create_dataset({
        name: path.slice(1),
        data: isTable ? new Map(type.map(([name]) => [name, []])) : [],
        dtype: (isTable ? type.map(([name, letter]) => [name, letter]) : type) as H5Type,
        shape: [0, ...rowShape],
        maxshape: [null, ...rowShape],
        chunks: [chunkRows, ...rowShape],
        ...compression(filter),
      });
      return 0;
    });
    const made = {
      path,
      filter,
      rowShape: rowShape.map(BigInt),
      length: 0,
      committed: 0,
      lengthAt: -1,
      crc32: 0,
      committedCrc32: 0,
    };
    this.#growing.push(made);
    return made;
  }

  /** Writes the new file. Finds out where the lengths stand, by giving each dataset a length of its own and looking for it. */
  seal(): void {
    const mark = (index: number) => BigInt(1000 + index);
    const resize = (lengthOf: (index: number) => bigint) => {
      for (const [index, { path, rowShape }] of this.#growing.entries()) {
        this.#checked((file) =>
          this.#library.module.resize_dataset(file.file_id, path, [lengthOf(index), ...rowShape]),
        );
      }
      this.#checked((file) => this.#library.module.flush(file.file_id));
    };
    resize(mark);
    for (const [index, dataset] of this.#growing.entries()) {
      const unlimited = 0xffff_ffff_ffff_ffffn;
      const extents = BigUint64Array.of(mark(index), ...dataset.rowShape, unlimited);
      dataset.lengthAt = this.#held.find(new Uint8Array(extents.buffer));
      if (dataset.lengthAt < 0) throw new Error(`the length of ${dataset.path} is not where HDF5 keeps it`);
    }
    resize(() => 0n);
    const flags = this.#growing.flatMap(({ filter }) =>
      filter.id === bloscFilter ? [this.#findFlags(filter.id)] : [],
    );
    if (flags.length === 0) this.#commit();
    else this.#makeOptional(flags);
  }

  /**
   * Blosc refuses a chunk that does not get smaller, and the library's bindings can only ask for filters that must not:
   * the bit that lets such a chunk be stored as it is (format specification, IV.A.2.l, "Filter Pipeline") is set in the
   * file, which the library then opens again.
   */
  #makeOptional(flags: readonly number[]): void {
    this.#checked((file) => file.close());
    this.#file = undefined;
    for (const at of flags) this.#held.write(Uint8Array.of(1, 0), at);
    this.#commit();
    this.#open("a");
  }

  /** Where the flags of a dataset's only filter stand. */
  #findFlags(id: number): number {
    const [version, filters] = [1, 1];
    const message = Uint8Array.of(version, filters, 0, 0, 0, 0, 0, 0, id & 255, id >> 8);
    const at = this.#held.find(message);
    if (at < 0) throw new Error(`the filter ${id} is not where HDF5 keeps it`);
    return at + message.length + 2;
  }

  /** Appends rows, which the `pieces` are together; they may lie in shared memory and are copied once. */
  append(dataset: GrowingDataset, pieces: readonly Uint8Array[], rows: number): void {
    if (rows === 0) return;
    const { module } = this.#library;
    const at = this.#room(pieces.reduce((sum, { length }) => sum + length, 0));
    let to = at;
    for (const piece of pieces) {
      module.HEAPU8.set(piece, to);
      to += piece.length;
    }
    const start = dataset.length;
    const { path, rowShape } = dataset;
    this.#checked(({ file_id: id }) => {
      const status = module.resize_dataset(id, path, [BigInt(start + rows), ...rowShape]);
      if (status < 0) return status;
      const count = [BigInt(rows), ...rowShape];
      const offset = [BigInt(start), ...rowShape.map(() => 0n)];
      return module.set_dataset_data(id, path, count, offset, isOne.slice(0, count.length), BigInt(at));
    });
    dataset.length += rows;
    if (rowShape.length > 0) return;
    for (const piece of pieces) dataset.crc32 = crc32(piece, dataset.crc32);
  }

  /** A dataset that stays as it is: an image with one chunk, or a table (`type` is its list of members) of packed rows. */
  dataset(
    path: string,
    type: H5Type | readonly (readonly [string, H5Type])[],
    shape: readonly number[],
    bytes: Uint8Array,
    filter: Filter = { id: 0, parameters: [] },
  ): void {
    const { module } = this.#library;
    const at = this.#room(Math.max(8, bytes.length));
    module.HEAPU8.set(bytes, at);
    const dtype = typeof type === "string" ? type : type.map(([name, letter]) => [name, letter]);
    const extents = shape.map(BigInt);
    const metadata: Parameters<typeof module.create_dataset>[3] & CreationProperties = {
      ...this.#library.hdf5.dtype_to_metadata(dtype as H5Type),
      shape: extents,
      maxshape: extents,
      chunks: filter.id === 0 ? null : extents,
      compression: filter.id,
      compression_opts: [...filter.parameters],
      track_order: false,
    };
    this.#checked((file) => module.create_dataset(file.file_id, path, BigInt(at), metadata));
  }

  /** Makes everything since the last commit the content of the file; the process may be killed at any moment. */
  commit(): void {
    this.#checked((file) => this.#library.module.flush(file.file_id));
    this.#commit();
  }

  /** After a refusal: takes the disk back to the last commit and opens the file again. Throws when the disk refuses that too. */
  reopen(): void {
    this.abandon();
    try {
      this.#held.rollBack();
    } catch (error) {
      throw new H5Refused(reason(error), { cause: error });
    }
    for (const dataset of this.#growing) {
      dataset.length = dataset.committed;
      dataset.crc32 = dataset.committedCrc32;
    }
    this.#open("a");
  }

  /** Makes the last commit durable, and `journal` its way back. */
  sync(journal: UndoJournal): void {
    this.#held.sync(journal);
  }

  close(): void {
    this.#checked((file) => file.close());
    this.#file = undefined;
    this.#commit();
    this.#free();
  }

  /** Gives up what is not committed. */
  abandon(): void {
    this.#held.abandon();
    // Its writes go nowhere; closing frees the library's own record of the file, which the next opening would find.
    this.#file?.close();
    this.#file = undefined;
    this.#library.takeComplaint();
    this.#free();
  }

  /** Lets go of the file, closed or abandoned. */
  release(): void {
    for (const release of this.#releases) release();
    this.#held.close();
  }

  #open(mode: "w" | "a"): void {
    this.#library.takeComplaint();
    const { libver } = structures;
    const file = new this.#library.hdf5.File(this.#path, mode, { libver: [...libver] });
    // A failed open does not throw.
    if (file.file_id < 0n) {
      const { what, system } = complaintOf(this.#library.takeComplaint());
      throw new H5Refused(what, { cause: system });
    }
    this.#file = file;
  }

  #commit(): void {
    const grown = this.#growing.filter((dataset) => dataset.length !== dataset.committed);
    try {
      this.#held.commit(grown.map((dataset) => dataset.lengthAt));
    } catch (error) {
      throw new H5Refused(reason(error), { cause: error });
    }
    for (const dataset of grown) {
      dataset.committed = dataset.length;
      dataset.committedCrc32 = dataset.crc32;
    }
  }

  /** The library's memory for data on its way; grows to the largest and stays. */
  #room(bytes: number): number {
    if (bytes > this.#scratchBytes) {
      this.#free();
      this.#scratch = this.#library.module._malloc(bytes);
      if (this.#scratch === 0) throw new H5Refused(`no memory for ${bytes} bytes`);
      this.#scratchBytes = bytes;
    }
    return this.#scratch;
  }

  #free(): void {
    if (this.#scratch) this.#library.module._free(this.#scratch);
    this.#scratch = 0;
    this.#scratchBytes = 0;
  }

  #checked(call: (file: File) => number): void {
    if (!this.#file) throw new H5Refused("the file is not open");
    let thrown: unknown;
    let status = 0;
    try {
      status = call(this.#file);
    } catch (error) {
      thrown = error;
    }
    const complaint = this.#library.takeComplaint();
    const { fault } = this.#held;
    if (fault !== undefined) throw new H5Refused(reason(fault), { cause: fault });
    if (thrown === undefined && status >= 0 && complaint === "") return;
    const { what, system, isFilters } = complaintOf(complaint);
    const why = what || (thrown === undefined ? `status ${status}` : reason(thrown));
    throw new (isFilters ? FilterRefused : H5Refused)(why, { cause: system ?? thrown });
  }
}

function compression({ id, parameters }: Filter): { compression?: number; compression_opts?: number[] } {
  return id === 0 ? {} : { compression: id, compression_opts: [...parameters] };
}
