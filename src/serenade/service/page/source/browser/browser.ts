// The backend of `serenade page --static`: the model runs in this browser.

import { type Backend, type Listener, type ModelInfo, type Prediction, Refused, sentence, type Windows } from "../backend";
import { decode } from "./decode";
import type { BrowserModel } from "./graph";
import type { Answer, Request } from "./worker";

export class Browser implements Backend {
  private worker: Promise<Worker> | null = null;
  private readonly info = fetchModel();

  async model(): Promise<ModelInfo> {
    const info = await this.info;
    void this.loaded(); // while the user chooses a recording
    return info;
  }

  async analyse(file: File, windows: Windows | null, listener: Listener): Promise<Prediction> {
    let recording;
    try {
      recording = await decode(file);
    } catch (error) {
      if (error instanceof Refused) throw new Refused(sentence(error.message), error.code);
      throw error;
    }
    listener.doing("Loading the model …");
    const worker = await this.loaded();
    listener.doing("Predicting …");
    const transfer = recording.channels.map(({ buffer }) => buffer as ArrayBuffer);
    const request: Request = { task: "analyse", file: file.name, recording, lengths: windows };
    return ask(worker, request, listener, transfer).catch(({ message }: Error) => {
      worker.terminate(); // its memory may be full
      this.worker = null;
      throw new Refused(`This browser cannot compute it (${message}); try a shorter recording.`, "internal");
    });
  }

  private loaded(): Promise<Worker> {
    this.worker ??= this.load();
    this.worker.catch(() => {
      this.worker = null; // the next recording tries again
    });
    return this.worker;
  }

  private async load(): Promise<Worker> {
    const model = await this.info;
    // A worker from a blob has the Content-Security-Policy of the page, which lets no sound out.
    const source = await fetch("page/worker.js").then((response) => response.blob());
    const worker = new Worker(URL.createObjectURL(source), { type: "module" });
    await ask(worker, { task: "load", model, base: document.baseURI }, null, []).catch(({ message }: Error) => {
      worker.terminate();
      throw new Refused(`The model of this page cannot be loaded (${message}); try again.`, "unreachable");
    });
    return worker;
  }
}

async function fetchModel(): Promise<BrowserModel> {
  const response = await fetch("model/model.json").catch(() => null);
  if (!response?.ok) throw new Refused("The model of this page cannot be loaded; try again.", "unreachable");
  return response.json();
}

/** The result of a request; the worker has one at a time. */
function ask(worker: Worker, request: Request, listener: Listener | null, transfer: ArrayBuffer[]): Promise<Prediction> {
  return new Promise((resolve, reject) => {
    const fail = (message: string) => reject(new Error(message));
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      if (data.event === "segment") listener?.segment(data.prediction);
      else if (data.event === "progress") listener?.progress(data.done);
      else if (data.event === "error") fail(data.message);
      else resolve(data.event === "result" ? data.prediction : (undefined as never));
    };
    worker.onerror = ({ message }) => fail(message);
    worker.postMessage(request, transfer);
  });
}
