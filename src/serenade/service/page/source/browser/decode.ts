// A file as samples of its own rate: WAV is read here, everything else by the browser.

import { Refused } from "../backend";
import { ratesOf } from "./rate";
import { readWav } from "./wav";

export interface Recording {
  rateHz: number;
  /** Another rate for a file that states one and is decoded at a higher one. */
  statedHz: number;
  channels: Float32Array[];
  /** Names of the channels as FFmpeg has them; null if the file does not declare them. */
  layout: string[] | null;
  warnings: string[];
}

/** Order of the channels in FLAC, AAC, Vorbis and Opus. */
const LAYOUTS: Record<number, string> = {
  3: "FL FR FC",
  4: "FL FR BL BR",
  5: "FL FR FC BL BR",
  6: "FL FR FC LFE BL BR",
  7: "FL FR FC LFE BC SL SR",
  8: "FL FR FC LFE BL BR SL SR",
};
/** Samples beyond this come from damaged files. */
const LARGEST = 1e9;

export async function decode(file: File): Promise<Recording> {
  if (!file.size) throw refused("is empty (0 bytes); copy or record it again");
  const buffer = await read(file);
  const recording = readWav(buffer) ?? (await decodeByBrowser(buffer));
  if (!recording.channels[0]!.length) throw refused("holds no sound (0 samples); check the recording");
  for (const channel of recording.channels)
    // False for NaN as well.
    if (!channel.every((sample) => Math.abs(sample) <= LARGEST))
      throw refused("holds samples that are not numbers (NaN or Inf) or beyond any scale; export it again");
  return recording;
}

async function read(file: File): Promise<ArrayBuffer> {
  try {
    return await file.arrayBuffer();
  } catch {
    throw refused("cannot be read, or is too large for this browser; use `serenade predict`");
  }
}

async function decodeByBrowser(buffer: ArrayBuffer): Promise<Recording> {
  // Its rate is the file's: the browser would resample in a way of its own.
  const { decodedHz, statedHz } = ratesOf(buffer);
  try {
    const decoded = await new OfflineAudioContext(1, 1, decodedHz).decodeAudioData(buffer);
    const channels = Array.from({ length: decoded.numberOfChannels }, (_, i) => decoded.getChannelData(i).slice());
    const layout = LAYOUTS[channels.length]?.split(" ") ?? null;
    return { rateHz: decodedHz, statedHz, channels, layout, warnings: [] };
  } catch {
    throw refused("cannot be decoded by this browser; it is damaged or not a sound file, or must be converted to WAV");
  }
}

function refused(message: string): Refused {
  return new Refused(message, "unsupported_media");
}
