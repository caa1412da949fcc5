// The backend of `serenade serve`: POST /v1/predict and /v1/timeline of the same origin.

import { type Backend, type Listener, type ModelInfo, type Prediction, Refused, sentence, type Windows } from "./backend";

export class Service implements Backend {
  token = "";

  async model(): Promise<ModelInfo> {
    const response = await this.fetch("v1/models");
    const { models } = (await response.json()) as { models: [ModelInfo] };
    return models[0];
  }

  async analyse(file: File, windows: Windows | null, listener: Listener): Promise<Prediction> {
    listener.doing("Predicting …");
    // Windows that differ from those of predict have another mean.
    const whole = windows && this.predict(file);
    whole?.catch(() => undefined); // the timeline reports the same error
    const mean = await this.timeline(file, windows ?? {}, listener);
    return (await whole) ?? mean;
  }

  private async predict(file: File): Promise<Prediction> {
    const body = new FormData();
    body.append("files", file, file.name);
    const response = await this.fetch("v1/predict", { method: "POST", body });
    const { results } = (await response.json()) as { results: [Prediction] };
    return results[0];
  }

  private async timeline(file: File, windows: Windows, listener: Listener): Promise<Prediction> {
    const body = new FormData();
    body.append("file", file, file.name);
    for (const [name, value] of Object.entries(windows)) body.append(name, String(value));
    const response = await this.fetch("v1/timeline", { method: "POST", body });
    for await (const [name, data] of events(response)) {
      if (name === "segment") listener.segment(data as Prediction);
      else if (name === "progress") {
        const { done_s, duration_s } = data as { done_s: number; duration_s: number };
        listener.progress(duration_s > 0 ? done_s / duration_s : 0);
      } else if (name === "error") throw refused(data);
      else if (name === "result") return data as Prediction;
    }
    throw new Refused("The connection ended before the result; try again.", "aborted");
  }

  private async fetch(path: string, options: RequestInit = {}): Promise<Response> {
    const headers: HeadersInit = this.token ? { Authorization: `Bearer ${this.token}` } : {};
    let response: Response;
    try {
      response = await fetch(path, { ...options, headers });
    } catch {
      throw new Refused("The server cannot be reached; check that it runs.", "unreachable");
    }
    if (!response.ok) throw refused(await response.json().catch(() => ({})));
    return response;
  }
}

function refused(content: unknown): Refused {
  const { error } = content as { error?: { code: string; message: string } };
  if (!error) return new Refused("The server failed; try again.", "internal");
  return new Refused(sentence(error.message), error.code);
}

async function* events(response: Response): AsyncGenerator<[string, unknown]> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    text += next.value;
    const blocks = text.split("\n\n");
    text = blocks.pop()!;
    for (const block of blocks) {
      const found = /^event: (\w+)\ndata: (.*)$/.exec(block);
      if (found) yield [found[1]!, JSON.parse(found[2]!)];
    }
  }
}
