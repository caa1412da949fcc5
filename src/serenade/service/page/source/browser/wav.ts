// WAV files, read as libsndfile does. Browsers differ in the kinds of WAV and the rates that they take.

import { Refused } from "../backend";
import type { Recording } from "./decode";

/** Bytes that may be missing: some writers count a header or a padding byte as sound. */
const SLACK = 64;
/** Bits of the mask of WAVE_FORMAT_EXTENSIBLE, in FFmpeg's names. */
const SPEAKERS = "FL FR FC LFE BL BR FLC FRC BC SL SR TC TFL TFC TFR TBL TBC TBR".split(" ");
const [PCM, FLOAT, A_LAW, MU_LAW, EXTENSIBLE] = [1, 3, 6, 7, 0xfffe];

type Read = (view: DataView, at: number) => number;

/** The sound of a WAV file; null if it is not one, or of a rare kind. */
export function readWav(buffer: ArrayBuffer): Recording | null {
  const view = new DataView(buffer);
  if (view.byteLength < 20 || text(view, 0) !== "RIFF" || text(view, 8) !== "WAVE") return null;
  let format: Format | null = null;
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const [name, size] = [text(view, at), view.getUint32(at + 4, true)];
    at += 8;
    if (name === "fmt " && at + 16 <= view.byteLength) format = readFormat(view, at, size);
    if (name === "data") return format && readSamples(view, format, at, size);
    at += size + (size % 2);
  }
  return null;
}

interface Format {
  rateHz: number;
  channels: number;
  layout: string[] | null;
  bytes: number;
  read: Read;
}

function readFormat(view: DataView, at: number, size: number): Format | null {
  let tag = view.getUint16(at, true);
  let layout: string[] | null = null;
  if (tag === EXTENSIBLE && size >= 40 && at + 40 <= view.byteLength) {
    tag = view.getUint16(at + 24, true);
    const mask = view.getUint32(at + 20, true);
    layout = mask ? SPEAKERS.filter((_, bit) => mask & (1 << bit)) : null;
  }
  const bytes = Math.ceil(view.getUint16(at + 14, true) / 8);
  const read = READERS[`${tag} ${bytes}`];
  const channels = view.getUint16(at + 2, true);
  return read && channels ? { rateHz: view.getUint32(at + 4, true), channels, layout, bytes, read } : null;
}

const READERS: Record<string, Read> = {
  [`${PCM} 1`]: (view, at) => (view.getUint8(at) - 128) / 128,
  [`${PCM} 2`]: (view, at) => view.getInt16(at, true) / 0x8000,
  [`${PCM} 3`]: (view, at) => ((view.getInt16(at + 1, true) << 8) | view.getUint8(at)) / 0x800000,
  [`${PCM} 4`]: (view, at) => view.getInt32(at, true) / 0x80000000,
  [`${FLOAT} 4`]: (view, at) => view.getFloat32(at, true),
  [`${FLOAT} 8`]: (view, at) => view.getFloat64(at, true),
  [`${A_LAW} 1`]: (view, at) => aLaw(view.getUint8(at)),
  [`${MU_LAW} 1`]: (view, at) => muLaw(view.getUint8(at)),
};

function readSamples(view: DataView, format: Format, start: number, stated: number): Recording {
  const { rateHz, channels, layout, bytes, read } = format;
  const held = view.byteLength - start;
  const size = isPlaceholder(stated) ? held : Math.min(stated, held);
  const frames = Math.floor(size / (bytes * channels));
  const sound = Array.from({ length: channels }, () => new Float32Array(frames));
  for (let i = 0, at = start; i < frames; i++)
    for (let channel = 0; channel < channels; channel++, at += bytes) sound[channel]![i] = read(view, at);
  const warnings: string[] = [];
  if (!isPlaceholder(stated) && stated > held + SLACK) {
    const [has, states] = [held, stated].map((count) => count.toLocaleString("en"));
    warnings.push(`the file is cut short: it holds ${has} of the ${states} bytes that its header states`);
  }
  if (rateHz < 1_000 || rateHz > 6_144_000) {
    const rate = rateHz.toLocaleString("en");
    throw new Refused(`states a rate of ${rate} Hz, which no recording has; its header is damaged`, "unsupported_media");
  }
  return { rateHz, statedHz: rateHz, channels: sound, layout, warnings };
}

/** Whether a size is what recorders write before they know it. */
function isPlaceholder(size: number): boolean {
  return size === 0 || [2 ** 31, 2 ** 32].some((limit) => limit - 8192 <= size && size <= limit + SLACK);
}

/** ITU-T G.711. */
function aLaw(code: number): number {
  const value = code ^ 0x55;
  const [exponent, mantissa] = [(value >> 4) & 7, ((value & 15) << 4) + 8];
  const size = exponent ? (mantissa + 0x100) << (exponent - 1) : mantissa;
  return (value & 0x80 ? size : -size) / 0x8000;
}

function muLaw(code: number): number {
  const value = ~code & 0xff;
  const size = ((((value & 15) << 3) + 0x84) << ((value >> 4) & 7)) - 0x84;
  return (value & 0x80 ? -size : size) / 0x8000;
}

function text(view: DataView, at: number): string {
  return String.fromCharCode(...new Uint8Array(view.buffer, at, 4));
}
