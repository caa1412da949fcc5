// Decoding in the browser, for the picture alone: waveform and log-mel spectrogram.

const RATE_HZ = 16_000;
const FFT = 512;
const BANDS = 64;
const FRAMES = 1_400;
/** Longer recordings would fill the memory of the browser. */
const LARGEST_BYTES = 150_000_000;

export interface Picture {
  duration: number;
  /** Lowest and highest sample of each column. */
  peaks: Float32Array;
  /** Log-mel in 0 to 1, band by band for each frame. */
  mel: Float32Array;
  frames: number;
  bands: number;
}

/** Mono samples at 16 kHz; null if the browser cannot decode the file. */
export async function decode(file: File): Promise<Float32Array | null> {
  if (file.size > LARGEST_BYTES) return null;
  try {
    const context = new OfflineAudioContext(1, 1, RATE_HZ);
    const buffer = await context.decodeAudioData(await file.arrayBuffer());
    const mono = new Float32Array(buffer.length);
    for (let channel = 0; channel < buffer.numberOfChannels; channel++) {
      const samples = buffer.getChannelData(channel);
      for (let i = 0; i < mono.length; i++) mono[i]! += samples[i]! / buffer.numberOfChannels;
    }
    return mono;
  } catch {
    return null;
  }
}

export function picture(samples: Float32Array): Picture {
  const frames = Math.max(1, Math.min(FRAMES, Math.floor(samples.length / 160)));
  return { duration: samples.length / RATE_HZ, peaks: peaksOf(samples, frames), mel: melOf(samples, frames), frames, bands: BANDS };
}

function peaksOf(samples: Float32Array, columns: number): Float32Array {
  const peaks = new Float32Array(2 * columns);
  let largest = 1e-4;
  for (let column = 0; column < columns; column++) {
    const end = Math.floor(((column + 1) * samples.length) / columns);
    let low = 0;
    let high = 0;
    for (let i = Math.floor((column * samples.length) / columns); i < end; i++) {
      low = Math.min(low, samples[i]!);
      high = Math.max(high, samples[i]!);
    }
    peaks[2 * column] = low;
    peaks[2 * column + 1] = high;
    largest = Math.max(largest, high, -low);
  }
  return peaks.map((peak) => peak / largest);
}

function melOf(samples: Float32Array, frames: number): Float32Array {
  const filters = melFilters();
  const window = Float32Array.from({ length: FFT }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / FFT));
  const mel = new Float32Array(frames * BANDS);
  const real = new Float32Array(FFT);
  const imaginary = new Float32Array(FFT);
  let highest = -2; // what is fainter is silence
  for (let frame = 0; frame < frames; frame++) {
    const start = Math.floor(((frame + 0.5) * samples.length) / frames) - FFT / 2;
    for (let i = 0; i < FFT; i++) real[i] = (samples[start + i] ?? 0) * window[i]!;
    imaginary.fill(0);
    fft(real, imaginary);
    for (const [band, { first, weights }] of filters.entries()) {
      let energy = 0;
      for (const [i, weight] of weights.entries()) energy += weight * (real[first + i]! ** 2 + imaginary[first + i]! ** 2);
      const level = Math.log10(Math.max(energy, 1e-10));
      mel[frame * BANDS + band] = level;
      highest = Math.max(highest, level);
    }
  }
  return mel.map((level) => Math.max(0, 1 + (level - highest) / 6)); // 60 dB
}

function melFilters(): { first: number; weights: number[] }[] {
  const toMel = (hz: number) => 2595 * Math.log10(1 + hz / 700);
  const toBin = (mel: number) => ((700 * (10 ** (mel / 2595) - 1)) / RATE_HZ) * FFT;
  const edges = Array.from({ length: BANDS + 2 }, (_, i) => toBin(toMel(60) + ((toMel(7_800) - toMel(60)) * i) / (BANDS + 1)));
  return Array.from({ length: BANDS }, (_, band) => {
    const [low, centre, high] = [edges[band]!, edges[band + 1]!, edges[band + 2]!];
    const first = Math.max(0, Math.round(low));
    const last = Math.max(first, Math.round(high));
    const weights = Array.from({ length: last - first + 1 }, (_, i) => {
      const bin = first + i;
      return Math.max(0.05, Math.min((bin - low) / Math.max(centre - low, 0.5), (high - bin) / Math.max(high - centre, 0.5)));
    });
    return { first, weights };
  });
}

/** In place, radix 2. */
function fft(real: Float32Array, imaginary: Float32Array): void {
  const n = real.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [real[i], real[j]] = [real[j]!, real[i]!];
      [imaginary[i], imaginary[j]] = [imaginary[j]!, imaginary[i]!];
    }
  }
  for (let size = 2; size <= n; size <<= 1) {
    const angle = (-2 * Math.PI) / size;
    for (let i = 0; i < size / 2; i++) {
      const cosine = Math.cos(angle * i);
      const sine = Math.sin(angle * i);
      for (let start = i; start < n; start += size) {
        const other = start + size / 2;
        const re = real[other]! * cosine - imaginary[other]! * sine;
        const im = real[other]! * sine + imaginary[other]! * cosine;
        real[other] = real[start]! - re;
        imaginary[other] = imaginary[start]! - im;
        real[start]! += re;
        imaginary[start]! += im;
      }
    }
  }
}
