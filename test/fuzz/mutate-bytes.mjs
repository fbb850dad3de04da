/** Damage and lies in bytes: what disks, cables and people do to files, and what a field can claim. */

const lies8 = [0, 1, 0x7f, 0x80, 0xff];
const lies16 = [0, 1, 0x7fff, 0x8000, 0xffff];
const lies32 = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1000_0000, 65_536];
const lies64 = [0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 40n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 64n - 1n];

/** Small blocks more often than large ones. */
function length(random, most) {
  return Math.min(most, 1 + random.below(2 ** (1 + random.below(13))));
}

function flipBits(bytes, random) {
  for (let flips = 1 + random.below(8); flips > 0; flips--) bytes[random.below(bytes.length)] ^= 1 << random.below(8);
  return bytes;
}

function runOfBytes(bytes, random) {
  const at = random.below(bytes.length);
  const end = Math.min(bytes.length, at + length(random, 256));
  for (let i = at; i < end; i++) bytes[i] = random.word();
  return bytes;
}

function zeroBlock(bytes, random) {
  // Often where a disk would: at a multiple of 512.
  const at = random.chance(0.5) ? random.below(bytes.length) : 512 * random.below(Math.ceil(bytes.length / 512));
  const end = at + (random.chance(0.5) ? 512 : length(random, 4096));
  return bytes.fill(random.chance(0.8) ? 0 : 0xff, at, Math.min(bytes.length, end));
}

function cut(bytes, random) {
  return bytes.subarray(0, random.below(bytes.length));
}

function insert(bytes, random) {
  const at = random.below(bytes.length);
  const added = Buffer.alloc(length(random, 4096), random.word() & 255);
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]);
}

function remove(bytes, random) {
  const at = random.below(bytes.length);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length(random, 4096))]);
}

function swapBlocks(bytes, random) {
  const size = length(random, Math.max(1, Math.floor(bytes.length / 2)));
  const [a, b] = [random.below(bytes.length - size + 1), random.below(bytes.length - size + 1)];
  const held = Buffer.from(bytes.subarray(a, a + size));
  bytes.copyWithin(a, b, b + size);
  held.copy(bytes, b);
  return bytes;
}

function repeatBlock(bytes, random) {
  const at = random.below(bytes.length);
  const block = bytes.subarray(at, at + length(random, 1024));
  return Buffer.concat([
    bytes.subarray(0, at),
    ...Array.from({ length: 1 + random.below(8) }, () => block),
    bytes.subarray(at),
  ]);
}

/** A field claims something: a huge count, a length that is not there, an address before the start. */
function lie(bytes, random) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const isLittle = random.chance(0.8);
  for (let lies = 1 + random.below(3); lies > 0; lies--) {
    const size = random.pick([1, 2, 4, 4, 8, 8]);
    if (bytes.length < size) continue;
    let at = random.below(bytes.length - size + 1);
    // Fields stand at multiples of their size more often than not.
    if (random.chance(0.6)) at -= at % size;
    if (size === 1) view.setUint8(at, random.pick(lies8));
    else if (size === 2) view.setUint16(at, random.pick(lies16), isLittle);
    else if (size === 4)
      view.setUint32(at, random.chance(0.2) ? random.below(bytes.length * 2) : random.pick(lies32), isLittle);
    else
      view.setBigUint64(
        at,
        random.chance(0.2) ? BigInt(random.below(bytes.length * 2)) : random.pick(lies64),
        isLittle,
      );
  }
  return bytes;
}

const ways = [flipBits, flipBits, runOfBytes, zeroBlock, cut, insert, remove, swapBlocks, repeatBlock, lie, lie, lie];

/** A damaged copy. */
export function mutateBytes(original, random) {
  let bytes = Buffer.from(original);
  for (let times = random.chance(0.7) ? 1 : 2; times > 0; times--) {
    if (bytes.length === 0) return Buffer.from([random.word() & 255]);
    // Headers are where lies live: half the time only the first kilobyte is touched.
    const head = random.chance(0.4) ? Math.min(bytes.length, 1024) : bytes.length;
    const changed = random.pick(ways)(Buffer.from(bytes.subarray(0, head)), random);
    bytes = head === bytes.length ? changed : Buffer.concat([changed, bytes.subarray(head)]);
  }
  return bytes;
}
