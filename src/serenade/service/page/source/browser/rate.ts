// The sample rate that a file states. A browser decodes at the rate of its context, so it must be known before.

const OPUS_HZ = 48_000;
const OPUS_RATES_HZ = [8_000, 12_000, 16_000, 24_000];
const MP3_HZ = [44_100, 48_000, 32_000];
const AAC_HZ = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

export interface Rates {
  /** The rate to decode at. */
  decodedHz: number;
  /** That of the recording before it was encoded. Opus is decoded at 48 kHz whatever it was. */
  statedHz: number;
}

export function ratesOf(buffer: ArrayBuffer): Rates {
  const view = new DataView(buffer, afterTags(buffer));
  try {
    const opus = oggOpus(view);
    const rate = opus ?? find(view) ?? OPUS_HZ;
    return { decodedHz: opus ? OPUS_HZ : rate >= 3_000 && rate <= 768_000 ? rate : OPUS_HZ, statedHz: rate };
  } catch (error) {
    if (error instanceof RangeError) return { decodedHz: OPUS_HZ, statedHz: OPUS_HZ }; // it ends within its header
    throw error;
  }
}

function find(view: DataView): number | undefined {
  const head = text(view, 0, 4);
  if (head === "fLaC") return view.getUint32(18) >>> 12;
  if (head === "OggS") return ogg(view);
  if (text(view, 4, 4) === "ftyp") return mp4(view, 0, view.byteLength);
  if (view.getUint32(0) === 0x1a45dfa3) return matroska(view);
  return mpeg(view);
}

/** The rate in the header of Ogg Opus, rounded up to one that libopus decodes at, as libsndfile does. */
function oggOpus(view: DataView): number | undefined {
  if (text(view, 0, 4) !== "OggS" || text(view, 27 + view.getUint8(26), 8) !== "OpusHead") return undefined;
  const stated = view.getUint32(27 + view.getUint8(26) + 12, true);
  return OPUS_RATES_HZ.find((rate) => stated <= rate) ?? OPUS_HZ;
}

/** Where the sound begins behind ID3 tags. */
function afterTags(buffer: ArrayBuffer): number {
  const bytes = new Uint8Array(buffer);
  let at = 0;
  while (bytes[at] === 0x49 && bytes[at + 1] === 0x44 && bytes[at + 2] === 0x33) {
    const size = bytes.subarray(at + 6, at + 10).reduce((sum, byte) => 128 * sum + byte, 0);
    at += 10 + size;
  }
  return Math.min(at, bytes.length);
}

function ogg(view: DataView): number | undefined {
  const at = 27 + view.getUint8(26);
  if (text(view, at, 7) === "\u0001vorbis") return view.getUint32(at + 12, true);
  if (text(view, at, 5) === "\u007fFLAC") return view.getUint32(at + 27) >>> 12;
  return undefined;
}

/** The sample entry of the first track with sound. */
function mp4(view: DataView, start: number, end: number): number | undefined {
  for (let at = start; at + 8 <= end; ) {
    let size = view.getUint32(at);
    const name = text(view, at + 4, 4);
    const inner = at + (size === 1 ? 16 : 8);
    if (size === 1) size = Number(view.getBigUint64(at + 8));
    const stop = size ? Math.min(end, at + size) : end;
    if (["moov", "trak", "mdia", "minf", "stbl"].includes(name)) {
      const rate = mp4(view, inner, stop);
      if (rate) return rate;
    }
    if (name === "stsd" && ["mp4a", "alac", "fLaC"].includes(text(view, inner + 12, 4))) return view.getUint16(inner + 40);
    if (stop <= inner - 8) return undefined;
    at = stop;
  }
  return undefined;
}

/** The sampling frequency of the first track, a float behind its code 0xb5. */
function matroska(view: DataView): number | undefined {
  const end = Math.min(view.byteLength, 1 << 16);
  if (text(view, 0, end).includes("A_OPUS")) return OPUS_HZ;
  for (let at = 0; at + 10 <= end; at++) {
    if (view.getUint8(at) !== 0xb5) continue;
    const size = view.getUint8(at + 1);
    const rate = size === 0x84 ? view.getFloat32(at + 2) : size === 0x88 ? view.getFloat64(at + 2) : 0;
    if (Number.isInteger(rate) && rate >= 3_000 && rate <= 768_000) return rate;
  }
  return undefined;
}

/** The first frame of MP3 or AAC (ADTS). */
function mpeg(view: DataView): number | undefined {
  const end = Math.min(view.byteLength - 3, 1 << 16);
  for (let at = 0; at < end; at++) {
    if (view.getUint8(at) !== 0xff || view.getUint8(at + 1) < 0xe0) continue;
    const [kind, rates] = [view.getUint8(at + 1), view.getUint8(at + 2)];
    if ((kind & 0xf6) === 0xf0) return AAC_HZ[(rates >> 2) & 15];
    const rate = MP3_HZ[(rates >> 2) & 3];
    const halvings = [2, undefined, 1, 0][(kind >> 3) & 3];
    if (rate && halvings !== undefined && kind & 6) return rate >> halvings;
  }
  return undefined;
}

function text(view: DataView, at: number, length: number): string {
  let found = "";
  for (let i = at; i < Math.min(at + length, view.byteLength); i++) found += String.fromCharCode(view.getUint8(i));
  return found;
}
