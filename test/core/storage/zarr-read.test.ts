import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { borrowPixels, bytesPerPixel } from "../../../src/core/model/pixel-format.js";
import { findFiles } from "../../../src/core/storage/read/find-files.js";
import { openImageFile } from "../../../src/core/storage/read/image-formats.js";
import { askZarr, hasZarrJudge, needsZarrJudge, quickDisk } from "./zarr-judge.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(quickDisk, "mote zarr read-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Stores as zarr-python writes them, and beside each NAME.raw: its planes in order, little-endian. */
const makeStores = `
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec, TransposeCodec, ZstdCodec
import numcodecs
folder, told = args[0], {"good": [], "bad": []}
rng = np.random.default_rng(3)
def picture(shape, dtype):
    a = rng.integers(0, 250 if dtype == "uint8" else 4000, shape)
    return (a / 7 - 100).astype(dtype) if np.dtype(dtype).kind == "f" else a.astype(dtype)
def keep(name, a, kind="good"):
    open(f"{folder}/{name}.raw", "wb").write(a.astype(a.dtype.newbyteorder("<")).tobytes())
    told[kind].append([name, list(a.shape), a.dtype.newbyteorder("=").name])
def plain(name, shape, dtype, chunks, kind="good", store=None, **more):
    a = picture(shape, dtype)
    z = zarr.create_array(f"{folder}/{name}", shape=shape, dtype=dtype, chunks=chunks, **more)
    z[...] = a
    keep(name, a, kind)
    return z
B = BloscCodec
for dtype in ("uint8", "uint16", "float32"):
    for cname in ("lz4", "zstd", "lz4hc", "blosclz", "zlib"):
        for shuffle in ("noshuffle", "shuffle", "bitshuffle"):
            plain(f"{dtype} blosc {cname} {shuffle}.zarr", (3, 37, 45), dtype, (2, 16, 45), compressors=B(cname=cname, shuffle=shuffle))
plain("big endian.zarr", (2, 20, 11), "uint16", (1, 20, 11), serializer=BytesCodec(endian="big"))
plain("big endian floats.zarr", (2, 20, 11), "float32", (1, 7, 4), serializer=BytesCodec(endian="big"), compressors=ZstdCodec())
plain("crc.zarr", (2, 20, 11), "uint16", (1, 20, 11), compressors=[GzipCodec(), Crc32cCodec()])
plain("crc first.zarr", (2, 20, 11), "uint16", (1, 20, 11), compressors=[Crc32cCodec(), ZstdCodec(checksum=True)])
plain("none.zarr", (2, 20, 11), "uint8", (2, 3, 3), compressors=None)
plain("one picture.zarr", (20, 11), "uint16", (6, 6))
plain("five axes.zarr", (2, 3, 2, 9, 10), "uint16", (1, 2, 2, 4, 10), dimension_names=["t", "c", "z", "y", "x"])
plain("sharded.zarr", (7, 20, 24), "uint16", (1, 10, 12), shards=(4, 20, 24))
from zarr.codecs.sharding import ShardingCodecIndexLocation as L
plain("index first.zarr", (7, 20, 24), "uint16", (4, 20, 24), compressors=None, filters=None, serializer=ShardingCodec(chunk_shape=(1, 10, 12), codecs=[BytesCodec(), B()], index_location=L.start))
plain("dots.zarr", (2, 20, 11), "uint16", (1, 8, 8), chunk_key_encoding={"name": "default", "configuration": {"separator": "."}})
plain("v2 keys.zarr", (2, 20, 11), "uint16", (1, 8, 8), chunk_key_encoding={"name": "v2", "configuration": {"separator": "/"}})
z = plain("holes.zarr", (2, 20, 11), "uint16", (1, 8, 8), fill_value=777)
a = z[...]; a[1] = 777; z[1] = 777; keep("holes.zarr", a)
told["good"].pop(-2)
for cname in ("lz4", "zstd"):
    plain(f"two blosc {cname}.zarr", (2, 20, 11), "<u2", (1, 8, 8), zarr_format=2, compressors=numcodecs.Blosc(cname=cname, shuffle=2))
plain("two zlib.zarr", (2, 20, 11), "<f4", (2, 20, 11), zarr_format=2, compressors=numcodecs.Zlib())
plain("two zstd.zarr", (2, 20, 11), "<u2", (2, 20, 11), zarr_format=2, compressors=numcodecs.Zstd())
plain("two plain.zarr", (2, 20, 11), ">u2", (1, 8, 8), zarr_format=2, compressors=None, chunk_key_encoding={"name": "v2", "separator": "/"})
plain("int16.zarr", (2, 20, 11), "int16", (1, 8, 8), kind="bad")
plain("doubles.zarr", (2, 20, 11), "float64", (1, 8, 8), kind="bad")
plain("transposed.zarr", (2, 20, 11), "uint16", (1, 8, 8), kind="bad", filters=TransposeCodec(order=(2, 1, 0)))
plain("delta.zarr", (2, 20, 11), "<u2", (1, 8, 8), kind="bad", zarr_format=2, filters=[numcodecs.Delta(dtype="<u2")])
plain("lzma.zarr", (2, 20, 11), "<u2", (1, 8, 8), kind="bad", zarr_format=2, compressors=numcodecs.LZMA())
plain("columns first.zarr", (2, 20, 11), "<u2", (1, 8, 8), kind="bad", zarr_format=2, order="F")
plain("line.zarr", (20,), "uint16", (20,), kind="bad")
plain("x before y.zarr", (2, 20, 11), "uint16", (1, 20, 11), kind="bad", dimension_names=["t", "x", "y"])
g = zarr.open_group(f"{folder}/ome 4.zarr", mode="w", zarr_format=2)
a = picture((2, 2, 3, 9, 10), "uint16"); g.create_array("full", data=a, chunks=(1, 1, 1, 9, 10))
axes = [{"name": "t", "type": "time", "unit": "millisecond"}, {"name": "c", "type": "channel"}] + [{"name": n, "type": "space", "unit": "nanometer"} for n in "zyx"]
g.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": [{"path": "full", "coordinateTransformations": [{"type": "scale", "scale": [1, 1, 500, 65, 65]}]}], "coordinateTransformations": [{"type": "scale", "scale": [40, 1, 1, 2, 2]}]}]
keep("ome 4.zarr", a)
g = zarr.open_group(f"{folder}/group.zarr", mode="w"); g.create_array("inside", data=a)
print(json.dumps(told))`;

type Store = readonly [name: string, shape: readonly number[], dtype: "uint8" | "uint16" | "float32"];

async function requireSame([name, shape, dtype]: Store): Promise<void> {
  const [height, width] = shape.slice(-2) as [number, number];
  const count = height * width;
  const raw = readFileSync(join(folder, `${name}.raw`));
  const file = await openImageFile(join(folder, name));
  const bytes = count * bytesPerPixel[dtype];
  expect(file.facts, name).toMatchObject({
    pixelFormat: dtype,
    shape: { height, width },
    frameCount: raw.length / bytes,
  });
  const pixels = borrowPixels(dtype, new ArrayBuffer(bytes), 0, count);
  for (let index = 0; index < file.facts.frameCount; index++) {
    await file.readFrame(index, pixels, { x: 0, y: 0, height, width });
    const stored = raw.subarray(index * bytes, (index + 1) * bytes);
    expect(Buffer.compare(new Uint8Array(pixels.buffer), stored), `${name}, frame ${index}`).toBe(0);
  }
  file.close();
}

describe.skipIf(!hasZarrJudge)(`stores that zarr-python wrote${needsZarrJudge}`, () => {
  let told: { good: Store[]; bad: Store[] };
  beforeAll(() => {
    told = askZarr([folder], makeStores);
  }, 60_000);

  test("are read to the bit, whatever their codecs, chunks, shards, keys and axes", { timeout: 60_000 }, async () => {
    expect(told.good.length).toBe(63);
    for (const store of told.good) await requireSame(store);
  });

  test("are refused where they could only be read wrong", async () => {
    const said: Record<string, string> = {};
    for (const [name] of told.bad) {
      const file = await openImageFile(join(folder, name)).catch((error: Error) => error);
      said[name] = file instanceof Error ? file.message : "was opened";
    }
    expect(said).toEqual({
      "int16.zarr": "holds int16 pixels, expected uint8, uint16 or float32",
      "doubles.zarr": "holds float64 pixels, expected uint8, uint16 or float32",
      "transposed.zarr": 'its codec "transpose" is not read by Mote',
      "delta.zarr": expect.stringContaining("uses filters, which Mote cannot undo"),
      "lzma.zarr": 'its codec "lzma" is not read by Mote',
      "columns first.zarr": "stores columns before rows (order F)",
      "line.zarr": "holds an array of 1 axes, expected rows and columns",
      "x before y.zarr": "has axes t, x, y, expected y and x as the last two",
    });
    const group = await openImageFile(join(folder, "group.zarr")).catch((error: Error) => error);
    expect(group).toMatchObject({
      message: "is a Zarr group without an OME-Zarr image",
      hint: "Name a folder in it: inside.",
    });
  });

  test("give size, rate, channel and depth where OME-Zarr says them", async () => {
    const file = await openImageFile(join(folder, "ome 4.zarr"));
    expect(file.facts).toMatchObject({
      pixelSizeUm: 0.13,
      rateHz: 25,
      metadata: { format: "OME-Zarr 0.4", axes: "tczyx" },
    });
    const pixels = new Uint16Array(90);
    const place = await file.readFrame(8, pixels, { x: 0, y: 0, height: 9, width: 10 });
    expect(place).toMatchObject({ channelIndex: 0, zIndex: 2, capturedAtNs: 0n });
    expect(await file.readFrame(9, pixels, { x: 0, y: 0, height: 9, width: 10 })).toMatchObject({
      channelIndex: 1,
      zIndex: 0,
    });
    file.close();
  });

  test("are found as one file each, by name, in a folder and by a pattern", () => {
    const name = join(folder, "sharded.zarr");
    expect(findFiles("acquire", [name])).toEqual([name]);
    expect(findFiles("acquire", [join(folder, "shar*.zarr")])).toEqual([name]);
    expect(findFiles("acquire", [folder])).toContain(name);
    expect(findFiles("acquire", [folder])).toContain(join(folder, "two plain.zarr"));
  });

  test("are never read wrong when damaged", async () => {
    async function fault(name: string, part: string, damage: (path: string) => void): Promise<string> {
      const copy = join(folder, `damaged ${name}`);
      rmSync(copy, { recursive: true, force: true });
      cpSync(join(folder, name), copy, { recursive: true });
      damage(join(copy, part));
      const [, shape, dtype] = told.good.find(([good]) => good === name)!;
      const [height, width] = shape.slice(-2) as [number, number];
      const pixels = borrowPixels(dtype, new ArrayBuffer(height * width * 4), 0, height * width);
      const file = await openImageFile(copy);
      try {
        await file.readFrame(0, pixels, { x: 0, y: 0, height, width });
        return "was read";
      } catch (error) {
        return (error as Error).message;
      } finally {
        file.close();
      }
    }
    const flip = (at: number) => (path: string) => {
      const bytes = readFileSync(path);
      bytes[at < 0 ? bytes.length + at : at]! ^= 0x41;
      writeFileSync(path, bytes);
    };
    const cut = (path: string) => truncateSync(path, readFileSync(path).length - 1);
    expect(await fault("crc.zarr", "c/0/0/0", flip(20))).toContain("chunk c/0/0/0 cannot be decoded");
    expect(await fault("crc first.zarr", "c/0/0/0", cut)).toContain("cannot be decoded");
    expect(await fault("none.zarr", "c/0/0/0", cut)).toBe(
      "chunk c/0/0/0 cannot be decoded: a chunk of 17 bytes, expected 18",
    );
    expect(await fault("sharded.zarr", "c/0/0/0", flip(-10))).toContain("do not match their CRC-32C");
    expect(await fault("sharded.zarr", "c/0/0/0", cut)).toContain("do not match their CRC-32C");
    expect(await fault("uint16 blosc lz4 bitshuffle.zarr", "c/0/0/0", cut)).toContain(
      "cannot be decoded: a Blosc chunk that says",
    );
    expect(await fault("two zlib.zarr", "0.0.0", flip(300))).toContain("cannot be decoded");
  });
});
