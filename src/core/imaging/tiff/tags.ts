/** The TIFF tags that Mote reads, by the names of TIFF 6.0, and the words for values it refuses. */

export const tag = {
  newSubfileType: 254,
  imageWidth: 256,
  imageLength: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  imageDescription: 270,
  stripOffsets: 273,
  orientation: 274,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  yResolution: 283,
  resolutionUnit: 296,
  software: 305,
  dateTime: 306,
  predictor: 317,
  tileWidth: 322,
  tileLength: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  sampleFormat: 339,
  /** MetaMorph's UIC2: as many planes as it has values, in one directory. */
  metaMorphPlanes: 33629,
  imageDepth: 32997,
} as const;

export const compression = { none: 1, lzw: 5, deflate: 8, packBits: 32773, oldDeflate: 32946, zstd: 50000 } as const;

const compressionNames: Readonly<Record<number, string>> = {
  2: "CCITT Huffman",
  3: "CCITT fax 3",
  4: "CCITT fax 4",
  6: "old JPEG",
  7: "JPEG",
  32908: "PixarFilm",
  32909: "PixarLog",
  33003: "JPEG 2000",
  33004: "JPEG 2000",
  33005: "JPEG 2000",
  34661: "JBIG",
  34712: "JPEG 2000",
  34887: "LERC",
  34892: "lossy JPEG",
  34925: "LZMA",
  34926: "old zstd",
  34933: "PNG",
  34934: "JPEG XR",
  50001: "WebP",
  50002: "JPEG XL",
  52546: "JPEG XL",
};

const photometricNames: Readonly<Record<number, string>> = {
  2: "RGB",
  3: "palette colour",
  4: "transparency mask",
  5: "CMYK",
  6: "YCbCr",
  8: "CIELab",
  32803: "colour filter array",
  34892: "linear raw",
};

const sampleFormatNames: Readonly<Record<number, string>> = {
  1: "unsigned integer",
  2: "signed integer",
  3: "floating point",
  4: "undefined",
  5: "complex integer",
  6: "complex floating point",
};

function named(names: Readonly<Record<number, string>>, value: number): string {
  return names[value] ? `${value} (${names[value]})` : `${value}`;
}

export const compressionWord = (value: number) => named(compressionNames, value);
export const photometricWord = (value: number) => named(photometricNames, value);
export const sampleFormatWord = (value: number) => named(sampleFormatNames, value);
