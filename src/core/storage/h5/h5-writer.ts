/** An HDF5 file being written: every call checked, data copied once, from where it is into the library's memory. */
import type { PixelFormat } from "../../model/pixel-format.js";
import { complaintReason, type Hdf5Library } from "./library.js";

/** Types of datasets, in h5wasm's letters: little-endian q int64, d float64, B uint8, H uint16, f float32, I uint32. */
export type H5Type = "<q" | "<d" | "<B" | "<H" | "<f" | "<I";
export const pixelTypes: Readonly<Record<PixelFormat, H5Type>> = { uint8: "<B", uint16: "<H", float32: "<f" };

export interface GrowingDataset {
  readonly path: string;
  /** Shape of one row: [] for a column, [height, width] for frames. */
  readonly rowShape: readonly bigint[];
  /** Rows so far. */
  length: number;
}

/** The library refused; the file is to be left as it was at its last flush (`abandon`). */
export class H5Refused extends Error {}

const isOne = [1n, 1n, 1n];

export class H5Writer {
  readonly #library: Hdf5Library;
  readonly #path: string;
  readonly #file: InstanceType<Hdf5Library["hdf5"]["File"]>;
  #scratch = 0;
  #scratchBytes = 0;

  /** Creates the file. Superblock version 0, HDF5's default: version 3 marks a file that was not closed as unreadable. */
  constructor(library: Hdf5Library, path: string) {
    this.#library = library;
    this.#path = path;
    library.takeComplaint();
    this.#file = new library.hdf5.File(path, "w");
    // A failed open does not throw.
    if (this.#file.file_id < 0n) throw new H5Refused(complaintReason(library.takeComplaint()));
  }

  group(path: string): void {
    this.#checked(() => this.#library.module.create_group(this.#file.file_id, path, false));
  }

  /** Text, a float64 or one byte, on a group or dataset; replaces what is there. */
  attribute(path: string, name: string, value: string | number | Uint8Array): void {
    this.#checked(() => {
      const { module, hdf5 } = this.#library;
      const object = new hdf5.Group(this.#file.file_id, path);
      if (module.get_attribute_names(this.#file.file_id, path).includes(name)) object.delete_attribute(name);
      if (typeof value === "string") object.create_attribute(name, value, [], "S");
      else if (typeof value === "number") object.create_attribute(name, new Float64Array([value]), [], "<d");
      else object.create_attribute(name, value, [], "<B");
      return 0;
    });
  }

  numbers(path: string, name: string, values: Float64Array): void {
    this.#checked(() => {
      new this.#library.hdf5.Group(this.#file.file_id, path).create_attribute(name, values, [values.length], "<d");
      return 0;
    });
  }

  textList(path: string, name: string, values: readonly string[]): void {
    this.#checked(() => {
      new this.#library.hdf5.Group(this.#file.file_id, path).create_attribute(name, [...values], [values.length], "S");
      return 0;
    });
  }

  /** A dataset that grows along its first axis; `type` may be a table's list of members. */
  growing(
    path: string,
    type: H5Type | [string, H5Type][],
    rowShape: readonly number[],
    chunkRows: number,
    filter: { readonly id: number; readonly parameters: readonly number[] } = { id: 0, parameters: [] },
  ): GrowingDataset {
    this.#checked(() => {
      const isTable = Array.isArray(type);
      this.#file.create_dataset({
        name: path.slice(1),
        data: isTable ? new Map(type.map(([name]) => [name, []])) : [],
        dtype: type,
        shape: [0, ...rowShape],
        maxshape: [null, ...rowShape],
        chunks: [chunkRows, ...rowShape],
        ...(filter.id === 0 ? {} : { compression: filter.id, compression_opts: [...filter.parameters] }),
      });
      return 0;
    });
    return { path, rowShape: rowShape.map(BigInt), length: 0 };
  }

  /** Appends rows; `bytes` may lie in shared memory and is copied once. */
  append(dataset: GrowingDataset, bytes: Uint8Array, rows: number): void {
    if (rows === 0) return;
    const { module } = this.#library;
    const at = this.#room(bytes.length);
    module.HEAPU8.set(bytes, at);
    const start = dataset.length;
    const { path, rowShape } = dataset;
    const id = this.#file.file_id;
    this.#checked(() => {
      const status = module.resize_dataset(id, path, [BigInt(start + rows), ...rowShape]);
      if (status < 0) return status;
      const count = [BigInt(rows), ...rowShape];
      const offset = [BigInt(start), ...rowShape.map(() => 0n)];
      return module.set_dataset_data(id, path, count, offset, isOne.slice(0, count.length), BigInt(at));
    });
    dataset.length += rows;
  }

  /** Hands everything to the operating system; the file is whole after it. */
  flush(): void {
    this.#checked(() => this.#library.module.flush(this.#file.file_id));
  }

  close(): void {
    this.#free();
    this.#checked(() => this.#file.close());
  }

  /** Leaves the file as its last flush left it, as a killed process would. */
  abandon(): void {
    this.#free();
    this.#library.abandonDescriptor(this.#path);
    // Without a descriptor nothing can be written; closing still frees the library's own record of the file, which would
    // refuse the next file that happens to get the same inode.
    this.#file.close();
    this.#library.takeComplaint();
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

  #checked(call: () => number): void {
    let thrown: unknown;
    let status = 0;
    try {
      status = call();
    } catch (error) {
      thrown = error;
    }
    const complaint = this.#library.takeComplaint();
    if (thrown === undefined && status >= 0 && complaint === "") return;
    throw new H5Refused(complaintReason(complaint) || (thrown instanceof Error ? thrown.message : `status ${status}`), {
      cause: thrown,
    });
  }
}
