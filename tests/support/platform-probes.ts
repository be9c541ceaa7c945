/**
 * What a page loads other than by `fetch`, each probe a function that runs in the page. Through a
 * session they have to give what they give on localhost.
 */
export const PLATFORM_PROBES = {
  'style sheets that import others, and their images': async () => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = '/style/outer.css';
    document.head.append(link);
    await new Promise((resolve) => (link.onload = resolve));
    const { color, marginTop } = getComputedStyle(document.body);
    link.remove();
    return [color, marginTop];
  },
  'images, with their sizes, readable in a canvas': async () => {
    const image = new Image();
    image.src = '/image.png';
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.getContext('2d')?.drawImage(image, 0, 0);
    return [image.naturalWidth, image.naturalHeight, canvas.toDataURL().length > 0];
  },
  'audio that is played from its middle': async () => {
    const audio = new Audio('/tone.wav');
    audio.preload = 'auto';
    await new Promise((resolve) => (audio.onloadedmetadata = resolve));
    audio.currentTime = 100;
    await new Promise((resolve) => (audio.onseeked = resolve));
    return [Math.round(audio.duration), Math.round(audio.currentTime), audio.error];
  },
  'video that is played on from its middle': async () => {
    const video = document.createElement('video');
    video.src = '/pixel.webm';
    video.muted = true;
    await new Promise((resolve, reject) => {
      video.onloadedmetadata = resolve;
      video.onerror = () => reject(new Error(video.error?.message));
    });
    video.currentTime = 90;
    await new Promise((resolve) => (video.onseeked = resolve));
    const { currentTime: sought, duration } = video;
    await video.play();
    while (video.currentTime <= 90) await new Promise((resolve) => setTimeout(resolve, 20));
    video.pause();
    const { videoWidth, videoHeight, error } = video;
    video.removeAttribute('src');
    video.load();
    return [duration, sought, videoWidth, videoHeight, error];
  },
  'fonts that a style sheet names': async () => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = '/style/font.css';
    document.head.append(link);
    await new Promise((resolve) => (link.onload = resolve));
    const line = document.createElement('span');
    line.style.font = '20px Tiny, monospace';
    line.textContent = 'A';
    document.body.append(line);
    const [face] = await document.fonts.load('20px Tiny', 'A');
    const { width } = line.getBoundingClientRect();
    line.remove();
    link.remove();
    return [face?.status, width];
  },
  'import maps, dynamic imports and modules of modules': () => {
    const entry: string = '/modules/entry.js';
    return import(entry) as Promise<unknown>;
  },
  'WebAssembly, compiled as it arrives': async () => {
    const { instance } = await WebAssembly.instantiateStreaming(fetch('/add.wasm'));
    return (instance.exports as { add(a: number, b: number): number }).add(40, 2);
  },
  'a worker with importScripts': () =>
    new Promise((resolve) => {
      new Worker('/workers/classic.js').onmessage = ({ data }) => resolve(data);
    }),
  'a module worker': () =>
    new Promise((resolve) => {
      const worker = new Worker('/workers/module.js', { type: 'module' });
      worker.onmessage = ({ data }) => resolve(data);
    }),
  'a shared worker': () =>
    new Promise((resolve) => {
      new SharedWorker('/workers/shared.js').port.onmessage = ({ data }) => resolve(data);
    }),
  'a document that arrives as it is written': async () => {
    const frame = document.createElement('iframe');
    frame.src = '/parts';
    document.body.append(frame);
    const shows = async (id: string): Promise<boolean> => {
      while (!frame.contentDocument?.getElementById(id)) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return true;
    };
    const seen = [await shows('first'), frame.contentDocument?.getElementById('second') ?? null];
    await fetch('/parts/next', { method: 'POST' });
    seen.push(await shows('second'));
    frame.remove();
    return seen;
  },
  'what a page sends as it leaves': async () => {
    const sentByOne = async (): Promise<string[]> => {
      await fetch('/sent', { method: 'DELETE' });
      const frame = document.createElement('iframe');
      frame.src = '/leaving';
      document.body.append(frame);
      await new Promise((resolve) => (frame.onload = resolve));
      frame.remove();
      for (const end = performance.now() + 3_000; ;) {
        const sent = new Set((await (await fetch('/sent')).json()) as string[]);
        if (sent.size === 2 || performance.now() > end) return [...sent].sort();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    // On a busy machine Chromium loses some of them under any service worker, without a tunnel too: see compatibility.md.
    for (let others = 4; ; others -= 1) {
      const sent = await sentByOne();
      if (sent.length === 2 || others === 0) return sent;
    }
  },
  'a form with a file, as it is submitted': async () => {
    const data = new FormData();
    data.append('text', 'wörter');
    data.append('file', new File(['content'], 'näme.txt', { type: 'text/plain' }));
    const text = await (await fetch('/form', { method: 'POST', body: data })).text();
    return text.replaceAll(/-{4,}[\w-]+/g, 'boundary');
  },
  'requests that are given up': async () => {
    const given = Array.from({ length: 500 }, async (_, index) => {
      const abort = new AbortController();
      const pending = fetch(`/never?${index}`, { signal: abort.signal });
      setTimeout(() => abort.abort(), index % 50);
      return pending.then(
        () => 'answered',
        (error: Error) => error.name,
      );
    });
    return [...new Set(await Promise.all(given))];
  },
  'an XMLHttpRequest that is given up, and a worker and a frame that go with theirs': async () => {
    const request = new XMLHttpRequest();
    request.open('GET', '/never?xhr');
    const aborted = new Promise((resolve) => (request.onabort = resolve));
    request.send();
    const source = `fetch('${location.origin}/never?worker'); postMessage('asked')`;
    const worker = new Worker(URL.createObjectURL(new Blob([source])));
    await new Promise((resolve) => (worker.onmessage = resolve));
    const frame = document.createElement('iframe');
    frame.src = '/asking';
    document.body.append(frame);
    await new Promise((resolve) => (frame.onload = resolve));
    for (let asked = 0; asked < 3;) {
      asked = ((await (await fetch('/open')).json()) as string[]).length;
    }
    request.abort();
    worker.terminate();
    frame.remove();
    return ((await aborted) as Event).type;
  },
} satisfies Record<string, () => Promise<unknown>>;
