/** Compression of HDF5 frames: names as people type them, ids as registered with the HDF Group, parameters as measured. */

/**
 * gzip is read by every HDF5 reader; the others need the reader's plugins (Python: `pip install hdf5plugin`). Parameters:
 * zstd level; bitshuffle block size (0: automatic), codec 2 is lz4, 3 is zstd with its level; blosc: four words it
 * fills in itself, level, shuffle (2: bits), codec (5: zstd); deflate level.
 */
export const hdf5Filters = {
  zstd: { id: 32015, parameters: [3] },
  gzip: { id: 1, parameters: [1] },
  none: { id: 0, parameters: [] },
  "bitshuffle-lz4": { id: 32008, parameters: [0, 2] },
  "bitshuffle-zstd": { id: 32008, parameters: [0, 3, 3] },
  "blosc-zstd": { id: 32001, parameters: [0, 0, 0, 0, 3, 2, 5] },
} as const satisfies Readonly<Record<string, { id: number; parameters: readonly number[] }>>;

export type Hdf5Filter = keyof typeof hdf5Filters;
export const hdf5FilterNames = Object.keys(hdf5Filters) as readonly Hdf5Filter[] as readonly [
  Hdf5Filter,
  ...Hdf5Filter[],
];

/** The name of a filter as a file records it; "filter 307" for one that is not Mote's. */
export function filterName(id: number, parameters: readonly number[]): string {
  if (id === 32008) return parameters.includes(3) && parameters.at(-1) !== 2 ? "bitshuffle-zstd" : "bitshuffle-lz4";
  for (const [name, filter] of Object.entries(hdf5Filters)) if (filter.id === id) return name;
  return others[id] ?? `filter ${id}`;
}

/** Names of other filters, as registered with the HDF Group. */
const others: Readonly<Record<number, string>> = {
  2: "shuffle",
  3: "fletcher32",
  4: "szip",
  5: "nbit",
  6: "scaleoffset",
  305: "lzo",
  307: "bzip2",
  32000: "lzf",
  32001: "blosc",
  32002: "mafisc",
  32003: "snappy",
  32004: "lz4",
  32007: "jpeg-xr",
  32009: "spdp",
  32012: "jpeg-ls",
  32013: "zfp",
  32014: "fpzip",
  32016: "b3d",
  32017: "sz",
  32019: "jpeg",
  32022: "bitgroom",
  32023: "granular bitround",
  32024: "sz3",
  32026: "blosc2",
  32027: "flac",
};

/** Filters that Mote can decode: the library's own and those that come with it as plugins. */
const decodable = new Set([1, 2, 3, 5, 6, 307, 32000, 32001, 32004, 32008, 32013, 32015, 32019, 32022, 32023, 32026]);

export function canDecode(id: number): boolean {
  return decodable.has(id);
}
