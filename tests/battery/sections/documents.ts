/** Permissions Policy section 9, Referrer Policy, secure contexts: what the page may do. */
export function policies(): Record<string, () => unknown> {
  const features = [
    ...['camera', 'microphone', 'geolocation', 'fullscreen', 'autoplay', 'clipboard-write'],
    ...['clipboard-read', 'display-capture', 'encrypted-media', 'gamepad', 'midi', 'payment'],
    ...[
      'picture-in-picture',
      'publickey-credentials-get',
      'screen-wake-lock',
      'usb',
      'serial',
      'hid',
    ],
    ...[
      'xr-spatial-tracking',
      'idle-detection',
      'local-fonts',
      'window-management',
      'storage-access',
    ],
  ];
  interface FeaturePolicy {
    allowsFeature(name: string): boolean;
    features(): string[];
  }
  const { featurePolicy } = document as unknown as { featurePolicy?: FeaturePolicy };
  const assertions: Record<string, () => unknown> = {
    'is secure': () => isSecureContext,
    'is isolated': () => crossOriginIsolated,
    'shared memory': () => typeof SharedArrayBuffer,
    'the policy of scripts': () => eval('1 + 1') as unknown,
    'the mode of the document': () => document.compatMode,
    'the type of the document': () => [document.contentType, document.characterSet],
    'is visible': () => document.visibilityState,
    'the readiness': () => document.readyState,
    'a violated policy': () => {
      const meta = document.createElement('meta');
      return 'httpEquiv' in meta;
    },
    'has storage access': () => document.hasStorageAccess(),
    'may notify': async () => (await navigator.permissions.query({ name: 'notifications' })).state,
    'may locate': async () => (await navigator.permissions.query({ name: 'geolocation' })).state,
    'its app worker': () => navigator.serviceWorker.controller,
    'its registrations': async () => (await navigator.serviceWorker.getRegistrations()).length,
  };
  for (const feature of features) {
    assertions[`may use ${feature}`] = () => featurePolicy?.allowsFeature(feature) ?? 'unknown';
  }
  return assertions;
}

/** HTML section 4.10, "forms", and section 6.11, "drag and drop"; the File API. */
export function forms(): Record<string, () => unknown> {
  const add = (markup: string): HTMLFormElement => {
    document.body.insertAdjacentHTML('beforeend', `<form>${markup}</form>`);
    const form = document.body.lastElementChild;
    if (!(form instanceof HTMLFormElement)) throw new RangeError('no form');
    return form;
  };
  const posted = async (attributes: Record<string, string>, markup: string): Promise<unknown> => {
    document.body.insertAdjacentHTML('beforeend', '<iframe name="target"></iframe>');
    const frame = document.body.lastElementChild as HTMLIFrameElement;
    const form = add(markup);
    for (const [name, value] of Object.entries(attributes)) form.setAttribute(name, value);
    form.target = 'target';
    const loaded = new Promise((resolve) => {
      frame.onload = () => frame.contentWindow?.location.href !== 'about:blank' && resolve(0);
    });
    form.requestSubmit();
    await loaded;
    const text = frame.contentDocument?.body.innerText.replace(/-{2,}\w+/g, 'BOUNDARY');
    const { pathname, search } = frame.contentWindow?.location ?? location;
    frame.remove();
    form.remove();
    return [text, pathname, search];
  };
  const field = '<input name="a" value="é &amp; b"><input type="checkbox" name="c" checked>';
  const dropped = (): DataTransfer => {
    const data = new DataTransfer();
    data.items.add(new File(['dropped'], 'näme.txt', { type: 'text/plain' }));
    data.setData('text/plain', 'text');
    return data;
  };
  return {
    'a GET': () => posted({ action: '/frame?lost' }, field),
    'a POST': () => posted({ action: '/echo', method: 'post' }, field),
    'a POST in parts': () =>
      posted({ action: '/echo', method: 'post', enctype: 'multipart/form-data' }, field),
    'a POST as text': () =>
      posted({ action: '/echo', method: 'post', enctype: 'text/plain' }, field),
    'the action of a form': () => add('').action,
    'the submit event': () => {
      const form = add('<button name=b>');
      const names: unknown[] = [];
      form.onsubmit = (event) => {
        event.preventDefault();
        names.push((event.submitter as HTMLButtonElement | null)?.name, form.target);
      };
      form.querySelector('button')?.click();
      form.remove();
      return names;
    },
    'the entries of a form': () => [...new FormData(add(field))],
    'a dialog': () => {
      document.body.insertAdjacentHTML('beforeend', '<dialog><form method=dialog><button value=v>');
      const dialog = document.querySelector('dialog');
      dialog?.showModal();
      dialog?.querySelector('button')?.click();
      return [dialog?.returnValue, dialog?.open];
    },
    validity: () => (add('<input required>').firstElementChild as HTMLInputElement).validity.valid,
    'files that are dropped': () => {
      const { files, types, items } = dropped();
      return [files[0]?.name, files[0]?.size, types, items.length];
    },
    'a drop event': () =>
      new Promise((resolve) => {
        const target = document.createElement('div');
        document.body.append(target);
        target.ondrop = ({ dataTransfer }) => resolve(dataTransfer?.getData('text/plain'));
        target.dispatchEvent(new DragEvent('drop', { dataTransfer: dropped() }));
      }),
    'a dropped file is sent': async () => {
      const [file] = dropped().files;
      return (await fetch('/echo', { method: 'POST', body: file ?? '' })).text();
    },
    'a file is read': async () => (await dropped().files[0]?.text()) ?? 'none',
    'a file input takes files': () => {
      const input = document.createElement('input');
      input.type = 'file';
      input.files = dropped().files;
      return [input.files?.length, input.value];
    },
    'what is copied': () => {
      const seen: unknown[] = [];
      document.addEventListener('copy', (event) => seen.push(event.clipboardData !== null), {
        once: true,
      });
      document.dispatchEvent(new ClipboardEvent('copy', { clipboardData: new DataTransfer() }));
      return seen;
    },
    'the clipboard is there': () => typeof navigator.clipboard.writeText,
    'share is there': () => typeof (navigator as { share?: unknown }).share,
  };
}

/** HTML section 4.8 and section 8.1: images, media, scripts, styles, errors; Performance Timeline. */
export function resources(): Record<string, () => unknown> {
  const loaded = <K extends keyof HTMLElementTagNameMap>(
    name: K,
    attributes: Record<string, string>,
  ): Promise<string> =>
    new Promise((resolve) => {
      const element = document.createElement(name);
      element.onload = () => resolve('load');
      element.onerror = () => resolve('error');
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
      document.head.append(element);
    });
  const failed = (fail: () => void): Promise<ErrorEvent> =>
    new Promise((resolve) => {
      const heard = (event: ErrorEvent): void => {
        event.preventDefault();
        resolve(event);
      };
      addEventListener('error', heard, { once: true });
      fail();
    });
  const entry = async (path: string): Promise<PerformanceResourceTiming> => {
    await (await fetch(path)).text();
    // Browsers add it a moment after the last byte; one that never comes is the assertion's to report.
    for (;;) {
      const [found] = performance.getEntriesByName(new URL(path, location.href).href);
      if (found instanceof PerformanceResourceTiming) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return {
    'an image': async () => {
      const image = new Image();
      image.src = '/pixel.gif';
      await image.decode();
      return [image.naturalWidth, image.complete, image.currentSrc];
    },
    'an image that is not there': () => loaded('img', { src: '/missing.gif' }),
    'an image in a canvas': async () => {
      const image = new Image();
      image.src = '/pixel.gif';
      await image.decode();
      const context = document.createElement('canvas').getContext('2d');
      context?.drawImage(image, 0, 0);
      return context?.getImageData(0, 0, 1, 1).data.length;
    },
    'a style sheet': async () => {
      const event = await loaded('link', { rel: 'stylesheet', href: '/style.css' });
      return [event, document.styleSheets[0]?.cssRules.length];
    },
    'a style sheet of another type': () => loaded('link', { rel: 'stylesheet', href: '/text' }),
    'a script': async () => {
      const event = await loaded('script', { src: '/script.js' });
      return [event, (globalThis as { scriptHasRun?: boolean }).scriptHasRun];
    },
    'a script that is not there': () => loaded('script', { src: '/missing.js' }),
    'a module': () => loaded('script', { type: 'module', src: '/module.js' }),
    'a module that is imported': async () => {
      const module = (await import(new URL('/module.js', location.href).href)) as {
        value: number;
        url: string;
      };
      return [module.value, module.url];
    },
    'a preload': () =>
      loaded('link', { rel: 'preload', as: 'fetch', href: '/json', crossorigin: '' }),
    'media that is not there': () =>
      new Promise((resolve) => {
        const video = document.createElement('video');
        video.onerror = () => resolve(video.error?.code);
        video.src = '/missing.mp4';
      }),
    'what can be played': () => document.createElement('video').canPlayType('video/mp4'),
    'devices are there': () => typeof navigator.mediaDevices.getUserMedia,
    'an error of a script': async () => {
      const event = await failed(() => {
        void loaded('script', { src: '/throws.js' });
      });
      const { message, filename, lineno } = event;
      return [message, filename, lineno, (event.error as Error).name];
    },
    'a rejection that nobody handles': () =>
      new Promise((resolve) => {
        const heard = (event: PromiseRejectionEvent): void => {
          event.preventDefault();
          resolve(String(event.reason));
        };
        addEventListener('unhandledrejection', heard, { once: true });
        const script = document.createElement('script');
        script.textContent = 'Promise.reject(new RangeError("mine"))';
        document.head.append(script);
      }),
    'an error that is reported': async () =>
      (await failed(() => reportError(new RangeError('reported')))).message,
    'the stack names the page': () => (new Error('x').stack ?? '').length > 0,
    'an entry: its type': async () => {
      const { entryType, initiatorType } = await entry('/text?a');
      return [entryType, initiatorType];
    },
    'an entry: its size': async () => (await entry('/text?b')).decodedBodySize,
    'an entry: its status': async () => (await entry('/status?code=404')).responseStatus,
    'an entry: its protocol': async () => (await entry('/text?c')).nextHopProtocol,
    'an entry: its order': async () => {
      const { startTime, fetchStart, responseStart, responseEnd } = await entry('/text?d');
      return startTime <= fetchStart && fetchStart <= responseStart && responseStart <= responseEnd;
    },
    'the entry of the page': () => {
      const [page] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
      return [page?.type, page?.name];
    },
    'the first resource': () => {
      const [first] = performance.getEntriesByType('resource');
      return first === undefined ? 'none' : new URL(first.name).pathname;
    },
    'a mark and a measure': () => {
      performance.mark('from');
      return performance.measure('way', 'from').entryType;
    },
    'printing tells before and after': () => {
      const seen: string[] = [];
      for (const type of ['beforeprint', 'afterprint']) {
        addEventListener(type, () => seen.push(type), { once: true });
        dispatchEvent(new Event(type));
      }
      return [seen, typeof window.print, matchMedia('print').matches];
    },
    'sizes of the window': () => [innerWidth > 0, outerWidth > 0, devicePixelRatio > 0],
    'picture-in-picture of documents': () => 'documentPictureInPicture' in window,
    'the language': () => [navigator.language, navigator.onLine],
    'globals of ours': () =>
      Object.getOwnPropertyNames(window).filter((name) => /wingman/i.test(name)),
  };
}
