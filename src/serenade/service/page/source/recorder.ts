// Recording with the microphone, and the level while it records.

export class Recorder {
  private recorder: MediaRecorder | null = null;
  private context: AudioContext | null = null;
  private levels: number[] = [];

  get isRecording(): boolean {
    return this.recorder !== null;
  }

  /** Start; `done` is passed the recording when it is stopped. */
  async start(canvas: HTMLCanvasElement, tick: (seconds: number) => void, done: (file: File) => void): Promise<void> {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
    const recorder = new MediaRecorder(stream);
    const chunks: Blob[] = [];
    const began = performance.now();
    recorder.ondataavailable = ({ data }) => chunks.push(data);
    recorder.onstop = () => {
      for (const track of stream.getTracks()) track.stop();
      void this.context?.close();
      const type = recorder.mimeType.split(";")[0] ?? "audio/webm";
      const clock = new Date().toTimeString().slice(0, 8).replaceAll(":", ".");
      done(new File(chunks, `recording ${clock}.${type.split("/")[1]}`, { type }));
    };
    recorder.start();
    this.recorder = recorder;
    this.meter(stream, canvas, () => tick((performance.now() - began) / 1000));
  }

  stop(): void {
    this.recorder?.stop();
    this.recorder = null;
  }

  private meter(stream: MediaStream, canvas: HTMLCanvasElement, tick: () => void): void {
    this.context = new AudioContext();
    const analyser = this.context.createAnalyser();
    this.context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.levels = [];
    const scale = window.devicePixelRatio || 1;
    canvas.width = canvas.clientWidth * scale;
    canvas.height = canvas.clientHeight * scale;
    const drawing = canvas.getContext("2d")!;
    drawing.fillStyle = getComputedStyle(canvas).getPropertyValue("--accent");
    const step = () => {
      if (!this.isRecording) return;
      analyser.getFloatTimeDomainData(samples);
      const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
      this.levels.push(Math.sqrt(peak));
      this.levels = this.levels.slice(-Math.floor(canvas.width / (4 * scale)));
      drawing.clearRect(0, 0, canvas.width, canvas.height);
      for (const [i, level] of this.levels.entries()) {
        const height = Math.max(2 * scale, level * canvas.height);
        drawing.fillRect(i * 4 * scale, (canvas.height - height) / 2, 2.5 * scale, height);
      }
      tick();
      setTimeout(step, 50);
    };
    step();
  }
}
