// Large transfers one after another, down or up: the median of their rates, and the slowest.
import { Comparison } from './comparison.mjs';
import { rawPage } from './raw-page.mjs';
import { median } from './stats.mjs';

const MIB = 1024 * 1024;

/**
 * The comparison of transfers that a function in the page carries out: it is given a size, and resolves with milliseconds.
 * `inRawPage` does the same on bare channels.
 */
export function transfers(inPage, inRawPage) {
  const shown = { unit: 'MiB/s', digits: 1 };
  return new Comparison({
    settings: 'S,20ms,50ms,100ms,20ms-0.1%,50ms-0.1%,100ms-0.1%,20ms-1%,50ms-1%,100ms-1%',
    peers: [
      ...['localhost', 'tcp', 'ssh', 'caddy', 'localtunnel', 'raw', 'raws'],
      ...['direct', 'relayed', 'wingman'],
    ],
    figures: {
      rate: { ...shown, against: 'tcp' },
      slowest: { ...shown, against: 'tcp' },
      first: { ...shown, against: 'tcp' },
    },
    targets: [
      {
        figure: 'slowest',
        peers: ['direct'],
        base: { peer: 'tcp', figure: 'rate' },
        atLeast: 0.9,
        holdsIn: ({ links }) => links?.viewerHost.lossPercent === 0,
      },
      {
        figure: 'slowest',
        peers: ['direct'],
        base: { peer: 'tcp', figure: 'rate' },
        atLeast: 1,
        holdsIn: ({ links }) => links?.viewerHost.lossPercent > 0,
      },
      {
        figure: 'slowest',
        peers: ['relayed'],
        base: { peer: 'ssh', figure: 'rate' },
        atLeast: 0.95,
        holdsIn: ({ links }) => links !== undefined,
      },
    ],
    async sample(visit) {
      if (visit.peer.channels === undefined) return figuresOf(visit, await visit.open(), inPage);
      const { page, stop } = await rawPage(visit);
      try {
        return await figuresOf(visit, page, inRawPage);
      } finally {
        await stop();
      }
    },
  });
}

async function figuresOf(visit, page, inPage) {
  const { transferMib, transfers: count } = visit.sizes;
  const rates = await visit.watch(`${count} × ${transferMib} MiB`, async () => {
    const each = [];
    for (let index = 0; index < count; index += 1) {
      const milliseconds = await page.evaluate(inPage, transferMib * MIB);
      each.push(transferMib / (milliseconds / 1000));
    }
    return each;
  });
  return { rate: median(rates), slowest: Math.min(...rates), first: rates[0] };
}
