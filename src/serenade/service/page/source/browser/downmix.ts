// Many channels to one, as in serenade/audio/downmix.py.

import { levelDbfs, SILENCE_DBFS } from "./level";

const CORRELATED = 0.5;
/** ITU-R BS.775, in FFmpeg's names. */
const WEIGHTS: Record<string, number> = { FL: 0.7071, FR: 0.7071, FC: 1, LFE: 0, LFE2: 0 };
const SURROUND_WEIGHT = 0.5;
const PIECE = 1 << 18;

/** The mono sound, and the numbers of the channels that were inverted, from 1. */
export function downmix(channels: Float32Array[], layout: string[] | null): { mono: Float32Array; inverted: number[] } {
  if (channels.length === 1) return { mono: channels[0]!, inverted: [] };
  const mono = new Float32Array(channels[0]!.length);
  const signs = channels.map(() => 1);
  const inverted = new Set<number>();
  const size = Math.max(1, Math.floor(PIECE / channels.length));
  for (let start = 0; start < mono.length; start += size) {
    const piece = channels.map((channel) => channel.subarray(start, start + size));
    compare(piece, signs);
    for (const [i, sign] of signs.entries()) if (sign < 0) inverted.add(i + 1);
    mono.set(mixed(piece, signs, layout), start);
  }
  return { mono, inverted: [...inverted].sort((a, b) => a - b) };
}

function mixed(piece: Float32Array[], signs: number[], layout: string[] | null): Float32Array {
  const equal = piece.map(() => 1);
  if (piece.length < 3 || !layout || layout.length !== piece.length) return sum(piece, signs, equal);
  const weighted = sum(piece, signs, layout.map((name) => WEIGHTS[name] ?? SURROUND_WEIGHT));
  return levelDbfs(weighted) < SILENCE_DBFS ? sum(piece, signs, equal) : weighted;
}

function sum(piece: Float32Array[], signs: number[], weights: number[]): Float32Array {
  const total = weights.reduce((a, b) => a + b, 0);
  const result = new Float32Array(piece[0]!.length);
  for (const [c, channel] of piece.entries()) {
    const weight = (signs[c]! * weights[c]!) / total;
    for (let i = 0; i < result.length; i++) result[i]! += weight * channel[i]!;
  }
  return result;
}

/** Set the sign of each channel by the earlier channel that it is most like. */
function compare(piece: Float32Array[], signs: number[]): void {
  const length = piece[0]!.length;
  const least = length * 10 ** (SILENCE_DBFS / 10);
  const means = piece.map((channel) => channel.reduce((a, b) => a + b, 0) / length);
  const product = (a: number, b: number) => {
    let total = 0;
    for (let i = 0; i < length; i++) total += (piece[a]![i]! - means[a]!) * (piece[b]![i]! - means[b]!);
    return total;
  };
  const power = piece.map((_, c) => product(c, c));
  for (let channel = 1; channel < piece.length; channel++) {
    const earlier = signs
      .slice(0, channel)
      .map((_, c) => product(channel, c) / Math.sqrt(Math.max(power[channel]! * power[c]!, least ** 2)));
    const nearest = earlier.reduce((best, value, c) => (Math.abs(value) > Math.abs(earlier[best]!) ? c : best), 0);
    if (Math.abs(earlier[nearest]!) > CORRELATED) signs[channel] = signs[nearest]! * Math.sign(earlier[nearest]!);
  }
}
