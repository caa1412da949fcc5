// Level, silence and clipping, as in serenade/audio/level.py.

export const SILENCE_DBFS = -80;

/** Root mean square in dB relative to full scale, after removal of the mean; at least -120. */
export function levelDbfs(samples: Float32Array): number {
  if (!samples.length) return -120;
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
  const power = samples.reduce((sum, sample) => sum + (sample - mean) ** 2, 0) / samples.length;
  return 20 * Math.log10(Math.max(Math.sqrt(power), 1e-6));
}

/** Whether the peaks are cut off: at least ten runs of three samples at the peak value. */
export function isClipped(samples: Float32Array): boolean {
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  if (samples.length < 3 || peak < 0.05) return false;
  let length = 0;
  let runs = 0;
  for (const sample of samples) {
    length = Math.abs(sample) >= 0.9999 * peak ? length + 1 : 0;
    if (length >= 3) runs += 1;
  }
  return runs >= 10;
}
