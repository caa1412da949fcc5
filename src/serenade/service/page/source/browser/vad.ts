// Voice activity detection with Silero's model, as in serenade/audio/vad.py.

import { InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { levelDbfs, SILENCE_DBFS } from "./level";
import { resample } from "./resample";

const RATE_HZ = 16_000;
const FRAME = 512;
export const FRAME_S = 0.032;
const CONTEXT = 64;
const STATE = 128;
const LEVEL_DBFS = -20;
const RISE_DB = 1;
/** The sound is slowed down to 7/10 of its speed. */
const SLOWED: [number, number] = [7, 10];
const BLOCK_S = 10;
const [SHORT, LONG] = [8, 40];
const [SURE_SHORT, SURE_LONG, SURE_SLOWED] = [0.85, 0.35, 0.4];
const LIKELY = 0.2;

interface State {
  hidden: Tensor;
  cell: Tensor;
}

/** Finds speech in a recording at 16 kHz that is passed block by block. */
export class SpeechDetector {
  private waiting = new Float32Array(CONTEXT);
  private state = initialState();
  private recent: number[] = new Array(LONG - 1).fill(0);
  private level = SILENCE_DBFS;

  constructor(private readonly session: InferenceSession) {}

  /** Whether there is speech, for each frame that is complete; the last frame of a recording is padded. */
  async push(samples: Float32Array, last = false): Promise<boolean[]> {
    const gain = this.gain(samples);
    const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
    const leveled = samples.map((sample) => (gain ? Math.fround(Math.fround(sample - mean) * gain) : 0));
    let waiting = joined(this.waiting, leveled);
    if (last) waiting = joined(waiting, new Float32Array(modulo(CONTEXT - waiting.length, FRAME)));
    const count = Math.floor((waiting.length - CONTEXT) / FRAME);
    this.waiting = waiting.slice(count * FRAME);
    if (!count) return [];
    const block = waiting.subarray(0, CONTEXT + count * FRAME);
    const [probabilities, state] = await this.probabilities(block, this.state);
    this.state = state;
    const all = [...this.recent, ...probabilities];
    this.recent = all.slice(1 - LONG);
    if (!gain) return new Array(count).fill(false);
    let speech = isSpeech(all).slice(-count);
    const sound = block.subarray(CONTEXT);
    if (count < LONG && !speech.includes(true)) {
      // Without context the model is slow to recognise a single syllable: repeated, it has one.
      const repeated = new Float32Array(CONTEXT + LONG * FRAME);
      for (let i = CONTEXT; i < repeated.length; i++) repeated[i] = sound[(i - CONTEXT) % sound.length]!;
      speech = isSpeech((await this.probabilities(repeated, initialState()))[0]).slice(0, count);
    }
    return speech.includes(true) ? speech : this.speechIfSlowed(sound);
  }

  /** The factor that brings a block to one level; 0 if it is silent. */
  private gain(samples: Float32Array): number {
    const level = levelDbfs(samples);
    this.level = Math.max(level, this.level - (RISE_DB * samples.length) / RATE_HZ);
    return level < SILENCE_DBFS ? 0 : 10 ** ((LEVEL_DBFS - this.level) / 20);
  }

  /** The probability of each frame, and the state after them; `samples` begin with the context of the first. */
  private async probabilities(samples: Float32Array, state: State): Promise<[number[], State]> {
    const count = Math.floor((samples.length - CONTEXT) / FRAME);
    if (!samples.some((sample) => sample !== 0)) return [new Array(count).fill(0), initialState()];
    const frames = new Float32Array(count * (CONTEXT + FRAME));
    for (let i = 0; i < count; i++)
      frames.set(samples.subarray(i * FRAME, i * FRAME + CONTEXT + FRAME), i * (CONTEXT + FRAME));
    const input = new Tensor("float32", frames, [count, CONTEXT + FRAME]);
    const found = await this.session.run({ input, h: state.hidden, c: state.cell });
    return [[...(found.speech_probs!.data as Float32Array)], { hidden: found.hn!, cell: found.cn! }];
  }

  private async speechIfSlowed(samples: Float32Array): Promise<boolean[]> {
    const slowed = resample(samples, ...SLOWED);
    const padded = new Float32Array(CONTEXT + slowed.length + modulo(-slowed.length, FRAME));
    padded.set(slowed, CONTEXT);
    const [probabilities] = await this.probabilities(padded, initialState());
    const sure = inWindows(probabilities, LONG, SURE_SLOWED);
    const likely = inWindows(probabilities, SHORT, LIKELY);
    return Array.from({ length: samples.length / FRAME }, (_, i) => {
      const middle = Math.floor(((i + 0.5) * SLOWED[1]) / SLOWED[0]);
      return sure[middle]! && likely[middle]!;
    });
  }
}

/** Seconds of speech of a recording at 16 kHz, or of its next block, whose detector is passed. */
export async function speechSeconds(samples: Float32Array, session: InferenceSession, detector?: SpeechDetector): Promise<number> {
  const most = samples.length / RATE_HZ;
  let frames = 0;
  const count = (speech: boolean[]) => speech.filter(Boolean).length;
  if (detector) frames = count(await detector.push(samples));
  else {
    const whole = new SpeechDetector(session);
    const size = BLOCK_S * RATE_HZ;
    for (let at = 0; at < samples.length; at += size)
      frames += count(await whole.push(samples.subarray(at, at + size), at + size >= samples.length));
  }
  return Math.min(most, frames * FRAME_S);
}

function initialState(): State {
  const zeros = () => new Tensor("float32", new Float32Array(STATE), [1, 1, STATE]);
  return { hidden: zeros(), cell: zeros() };
}

function isSpeech(probabilities: number[]): boolean[] {
  const long = inWindows(probabilities, LONG, SURE_LONG);
  const short = inWindows(probabilities, SHORT, SURE_SHORT);
  return inWindows(probabilities, SHORT, LIKELY).map((likely, i) => likely && (long[i]! || short[i]!));
}

/** Whether each frame is in a window of `size` frames whose mean probability is at least `least`. */
function inWindows(probabilities: number[], size: number, least: number): boolean[] {
  const found = probabilities.map(() => false);
  for (let start = 0; start <= Math.max(0, probabilities.length - size); start++) {
    let sum = 0;
    for (let i = start; i < Math.min(start + size, probabilities.length); i++) sum += probabilities[i]!;
    if (sum >= least * size) found.fill(true, start, start + size);
  }
  return found;
}

function joined(a: Float32Array, b: Float32Array): Float32Array<ArrayBuffer> {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function modulo(a: number, b: number): number {
  return ((a % b) + b) % b;
}
